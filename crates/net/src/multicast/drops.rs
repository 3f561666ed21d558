//! What the kernel dropped from a socket, read from its own table: the count at the next packet never comes when no
//! packet does.

use std::io;

const TABLE: &str = "/proc/net/udp";

/// Datagrams dropped from the sockets with these inodes since they were made.
pub(super) fn dropped(inodes: &[u64]) -> io::Result<u64> {
    Ok(of_table(&std::fs::read_to_string(TABLE)?, inodes))
}

/// The columns are `sl local remote st queues timer retrnsmt uid timeout inode ref pointer drops`.
fn of_table(table: &str, inodes: &[u64]) -> u64 {
    let rows = table.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_ascii_whitespace();
        let inode: u64 = columns.nth(9)?.parse().ok()?;
        let drops: u64 = columns.nth(2)?.parse().ok()?;
        inodes.contains(&inode).then_some(drops)
    });
    rows.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_summed_over_our_sockets_only() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  104: 00000000:3804 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 111 2 0000000000000000 7
  105: 00000000:3BEC 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 222 2 0000000000000000 30
  106: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 333 2 0000000000000000 900
  damaged
";
        for (inodes, drops) in [(&[111, 222][..], 37), (&[333], 900), (&[444], 0), (&[], 0)] {
            assert_eq!(of_table(table, inodes), drops, "{inodes:?}");
        }
    }
}
