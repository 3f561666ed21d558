//! CME's channel configuration: which multicast lines carry which products. Reads the `config.xml` that the exchange
//! publishes for its Market Data Platform.
//!
//! Owns what the file says, and no more: whether a line is joined, and which copy of a packet counts, is for others.
//! An element that cannot be read is an error with its line; elements and feeds that we do not know are passed over
//! or kept by name.
//!
//! ```text
//! configuration
//! └─ channel id="310" label="CME Globex Equity Futures"
//!    ├─ products
//!    │  └─ product code="ES"
//!    │     └─ group code="ES"
//!    └─ connections
//!       └─ connection id="310IA"
//!          ├─ type feed-type="I": Incremental
//!          ├─ protocol: UDP/IP
//!          ├─ ip: 224.0.31.1            the group; TCP has none
//!          ├─ host-ip: 205.209.223.70   who sends, once for each
//!          ├─ port: 14310
//!          └─ feed: A
//! ```

use net::capture::Endpoint;
use roxmltree::{Document, Node, ParsingOptions};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A file of all of CME's channels has some 10,000 nodes for 40 of them.
const NODES_MAX: u32 = 4_000_000;

/// The channels of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels {
    /// `Production`, `Certification`, …
    pub environment: String,
    /// When the exchange wrote the file, in its words.
    pub updated: String,
    channels: Vec<Channel>,
}

/// A channel: products, and the lines that carry them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// `id`.
    pub number: u32,
    /// What it is called.
    pub label: String,
    /// What it carries.
    pub products: Vec<Product>,
    /// How it is reached.
    pub connections: Vec<Connection>,
}

/// A product of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// `ES`.
    pub code: String,
    /// Its instrument groups (tag 1151 of FIX): several where the product is split.
    pub groups: Vec<String>,
}

/// One line of one feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// `310IA`.
    pub id: String,
    /// What it carries.
    pub feed: Feed,
    /// Which of the two copies.
    pub side: Side,
    /// What is reached how.
    pub address: Address,
    /// Who sends it, or is connected to.
    pub hosts: Vec<Ipv4Addr>,
}

/// What a connection carries, by `feed-type`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feed {
    /// `I`: changes, as they happen.
    Incremental,
    /// `N`: definitions of instruments, again and again.
    Instruments,
    /// `S`: books by price, again and again.
    Snapshot,
    /// `SMBO`: books by order, again and again.
    SnapshotByOrder,
    /// `H`: missed packets, on request.
    Replay,
    /// A feed that came after this list.
    Other(String),
}

/// Each feed is sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Feed A.
    A,
    /// Feed B.
    B,
}

/// How a connection is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// UDP: a group and its port.
    Multicast(Endpoint),
    /// TCP: the hosts' port.
    Stream(u16),
}

/// Why a file is no channel configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelsError {
    /// Not XML.
    #[error("no XML: {0}")]
    Xml(#[from] roxmltree::Error),
    /// XML that does not say what it should.
    #[error("line {line}: {element}: {what}")]
    Element {
        /// Where it starts, counted from 1.
        line: u32,
        /// The element and what it is within: `channel 310 / connection 310IA / port`.
        element: String,
        /// What is wrong.
        what: String,
    },
}

impl FromStr for Feed {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "I" => Self::Incremental,
            "N" => Self::Instruments,
            "S" => Self::Snapshot,
            "SMBO" => Self::SnapshotByOrder,
            "H" => Self::Replay,
            other => Self::Other(other.into()),
        })
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Incremental => "I",
            Self::Instruments => "N",
            Self::Snapshot => "S",
            Self::SnapshotByOrder => "SMBO",
            Self::Replay => "H",
            Self::Other(name) => name,
        })
    }
}

impl Channels {
    /// Reads a configuration.
    ///
    /// # Errors
    /// When it is no XML, or an element does not say what it must.
    pub fn parse(text: &str) -> Result<Self, ChannelsError> {
        let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options)?;
        let root = document.root_element();
        if !root.has_tag_name("configuration") {
            return Err(wrong(root, "it is no `configuration` of channels"));
        }
        let channels: Vec<Channel> = children(root, "channel").map(channel).collect::<Result<_, _>>()?;
        for (row, one) in channels.iter().enumerate() {
            if channels[..row].iter().any(|other| other.number == one.number) {
                let again = children(root, "channel").nth(row).expect("one was made of each");
                return Err(wrong(again, "this channel was described before"));
            }
        }
        Ok(Self {
            environment: root.attribute("environment").unwrap_or_default().into(),
            updated: root.attribute("updated").unwrap_or_default().into(),
            channels,
        })
    }

    /// All of them, in the order of the file.
    #[must_use]
    pub fn all(&self) -> &[Channel] {
        &self.channels
    }

    /// The channel of a number.
    #[must_use]
    pub fn channel(&self, number: u32) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.number == number)
    }

    /// The channels that carry a product: futures and options of one are on different ones.
    pub fn of_product(&self, code: &str) -> impl Iterator<Item = &Channel> {
        self.channels.iter().filter(move |channel| channel.products.iter().any(|one| one.code == code))
    }
}

impl Channel {
    /// The multicast lines of a feed: side and group.
    pub fn lines(&self, feed: &Feed) -> impl Iterator<Item = (Side, Endpoint)> {
        self.connections.iter().filter(move |one| one.feed == *feed).filter_map(|one| match one.address {
            Address::Multicast(group) => Some((one.side, group)),
            Address::Stream(_) => None,
        })
    }

    /// The feeds that are sent by multicast, each once, in the order of the file.
    #[must_use]
    pub fn feeds(&self) -> Vec<Feed> {
        let mut feeds: Vec<Feed> = Vec::new();
        for one in &self.connections {
            if matches!(one.address, Address::Multicast(_)) && !feeds.contains(&one.feed) {
                feeds.push(one.feed.clone());
            }
        }
        feeds
    }
}

type Outcome<T> = Result<T, ChannelsError>;

fn channel(node: Node<'_, '_>) -> Outcome<Channel> {
    let all = |group: &'static str, name: &'static str| {
        children(node, group).flat_map(move |group| children(group, name))
    };
    Ok(Channel {
        number: number(node, attribute(node, "id")?)?,
        label: attribute(node, "label")?.into(),
        products: all("products", "product").map(product).collect::<Outcome<_>>()?,
        connections: all("connections", "connection").map(connection).collect::<Outcome<_>>()?,
    })
}

fn product(node: Node<'_, '_>) -> Outcome<Product> {
    let group = |group| attribute(group, "code").map(String::from);
    Ok(Product {
        code: attribute(node, "code")?.into(),
        groups: children(node, "group").map(group).collect::<Outcome<_>>()?,
    })
}

fn connection(node: Node<'_, '_>) -> Outcome<Connection> {
    let feed = attribute(child(node, "type")?, "feed-type")?;
    let side = child(node, "feed")?;
    let port_node = child(node, "port")?;
    let port: u16 = number(port_node, text(port_node))?;
    if port == 0 {
        return Err(wrong(port_node, "there is no port 0"));
    }
    let protocol = child(node, "protocol")?;
    let address = match text(protocol) {
        "UDP/IP" => {
            let group = child(node, "ip")?;
            let ip: Ipv4Addr = ip(group)?;
            if !ip.is_multicast() {
                return Err(wrong(group, format!("{ip} is no multicast group")));
            }
            Address::Multicast(Endpoint { ip: ip.octets(), port })
        }
        "TCP/IP" => Address::Stream(port),
        other => return Err(wrong(protocol, format!("`{other}` is neither UDP/IP nor TCP/IP"))),
    };
    Ok(Connection {
        id: attribute(node, "id")?.into(),
        feed: feed.parse().unwrap_or_else(|never: std::convert::Infallible| match never {}),
        side: match text(side) {
            "A" => Side::A,
            "B" => Side::B,
            other => return Err(wrong(side, format!("`{other}` is neither A nor B"))),
        },
        address,
        hosts: children(node, "host-ip").map(ip).collect::<Outcome<_>>()?,
    })
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.has_tag_name(name))
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Outcome<Node<'a, 'i>> {
    children(node, name).next().ok_or_else(|| wrong(node, format!("it has no `{name}`")))
}

fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Outcome<&'a str> {
    node.attribute(name).ok_or_else(|| wrong(node, format!("it has no attribute `{name}`")))
}

fn text<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or_default().trim()
}

fn number<T: FromStr>(node: Node<'_, '_>, text: &str) -> Outcome<T> {
    text.parse().map_err(|_| wrong(node, format!("`{text}` is no number that fits here")))
}

fn ip(node: Node<'_, '_>) -> Outcome<Ipv4Addr> {
    let text = text(node);
    text.parse().map_err(|_| wrong(node, format!("`{text}` is no IPv4 address")))
}

fn wrong(node: Node<'_, '_>, what: impl Into<String>) -> ChannelsError {
    let mut path: Vec<String> = node
        .ancestors()
        .filter(|one| one.is_element() && !matches!(one.tag_name().name(), "products" | "connections"))
        .map(|one| {
            let name = one.tag_name().name();
            match one.attribute("id").or_else(|| one.attribute("code")) {
                Some(id) => format!("{name} {id}"),
                None => name.into(),
            }
        })
        .collect();
    // The root is in every path.
    if path.len() > 1 {
        path.pop();
    }
    path.reverse();
    let line = node.document().text_pos_at(node.range().start).row;
    ChannelsError::Element { line, element: path.join(" / "), what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<configuration environment="Production" updated="2017/04/25-21:12:01">
  <channel id="310" label="Equity Futures">
    <products><product code="ES"><group code="ES"/></product></products>
    <connections>
      <connection id="310IA">
        <type feed-type="I">Incremental</type>
        <protocol>UDP/IP</protocol>
        <ip>224.0.31.1</ip>
        <host-ip>205.209.223.70</host-ip>
        <port>14310</port>
        <feed>A</feed>
      </connection>
      <connection id="310H2A">
        <type feed-type="H">Historical Replay</type>
        <protocol>TCP/IP</protocol>
        <port>10000</port>
        <feed>A</feed>
      </connection>
    </connections>
  </channel>
</configuration>
"#;

    #[test]
    fn a_channel_is_read_as_it_is_written() {
        let channels = Channels::parse(FILE).expect("it is whole");
        assert_eq!(
            (channels.environment.as_str(), channels.updated.as_str()),
            ("Production", "2017/04/25-21:12:01")
        );
        let channel = channels.channel(310).expect("it is there");
        assert_eq!(channel.label, "Equity Futures");
        assert_eq!(channel.products, [Product { code: "ES".into(), groups: vec!["ES".into()] }]);
        let group = Endpoint { ip: [224, 0, 31, 1], port: 14_310 };
        assert_eq!(
            channel.connections,
            [
                Connection {
                    id: "310IA".into(),
                    feed: Feed::Incremental,
                    side: Side::A,
                    address: Address::Multicast(group),
                    hosts: vec![Ipv4Addr::new(205, 209, 223, 70)],
                },
                Connection {
                    id: "310H2A".into(),
                    feed: Feed::Replay,
                    side: Side::A,
                    address: Address::Stream(10_000),
                    hosts: vec![],
                },
            ]
        );
        assert_eq!(channel.feeds(), [Feed::Incremental]);
        assert_eq!(channel.lines(&Feed::Incremental).collect::<Vec<_>>(), [(Side::A, group)]);
        assert!(channels.channel(311).is_none() && channels.of_product("NQ").next().is_none());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_element() {
        let connection = "channel 310 / connection 310IA";
        let cases = [
            ("<port>14310<", "<port>143100<", 11, format!("{connection} / port: `143100` is no number")),
            ("<port>14310<", "<port>0<", 11, format!("{connection} / port: there is no port 0")),
            (
                "<ip>224.0.31.1<",
                "<ip>224.0.31<",
                9,
                format!("{connection} / ip: `224.0.31` is no IPv4 address"),
            ),
            ("<ip>224.0.31.1<", "<ip>10.0.31.1<", 9, format!("{connection} / ip: 10.0.31.1 is no multicast")),
            ("<ip>224.0.31.1</ip>", "", 6, format!("{connection}: it has no `ip`")),
            ("<feed>A<", "<feed>C<", 12, format!("{connection} / feed: `C` is neither A nor B")),
            ("UDP/IP", "SCTP", 8, format!("{connection} / protocol: `SCTP` is neither")),
            ("id=\"310\"", "id=\"x\"", 3, "channel x: `x` is no number".into()),
            ("id=\"310\" ", "", 3, "channel: it has no attribute `id`".into()),
            (" feed-type=\"I\"", "", 7, format!("{connection} / type: it has no attribute `feed-type`")),
            ("<group code=\"ES\"/>", "<group/>", 4, "channel 310 / product ES / group: it has no".into()),
        ];
        for (from, to, line, what) in cases {
            let text = FILE.replacen(from, to, 1);
            assert_ne!(text, FILE, "{from}");
            let error = Channels::parse(&text).expect_err("it is wrong").to_string();
            assert!(error.starts_with(&format!("line {line}: {what}")), "{error}");
        }
        let twice = FILE.replacen("</configuration>", "<channel id=\"310\" label=\"\"/></configuration>", 1);
        let error = Channels::parse(&twice).expect_err("it is wrong").to_string();
        assert!(error.contains("line 22: channel 310: this channel was described before"), "{error}");
        for (text, what) in [("", "no XML"), ("<a/>", "no `configuration`"), (&FILE[..500], "no XML")] {
            let error = Channels::parse(text).expect_err("it is wrong").to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn every_feed_of_every_channel_pairs_its_two_lines_and_no_others() {
        let Some(path) = testkit::data::recorded("cme-mdp3/config_prod_2017.xml") else { return };
        let text = std::fs::read_to_string(path).expect("just found");
        let channels = Channels::parse(&text).expect("it is the exchange's");
        let paired = |group: Endpoint| venues::cme::Line { ip: group.ip, port: group.port }.channel();
        let mut names = Vec::new();
        for channel in channels.all() {
            for feed in channel.feeds() {
                let lines: Vec<(Side, Endpoint)> = channel.lines(&feed).collect();
                let &[(Side::A, a), (Side::B, b)] = &lines[..] else {
                    panic!("channel {}, feed {feed}: {lines:?}", channel.number);
                };
                let name = venues::cme::Line { ip: a.ip, port: a.port };
                assert_eq!([paired(a), paired(b)], [name; 2], "channel {}, feed {feed}", channel.number);
                names.push(name);
            }
        }
        // Of the 40 channels two have no snapshots of orders (counted with Python's xml.etree).
        assert_eq!(names.len(), 4 * 40 - 2);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 4 * 40 - 2, "different feeds are different");
    }

    #[test]
    fn the_recorded_file_holds_what_another_parser_counted() {
        let Some(path) = testkit::data::recorded("cme-mdp3/config_prod_2017.xml") else { return };
        let text = std::fs::read_to_string(path).expect("just found");
        let channels = Channels::parse(&text).expect("it is the exchange's");
        // Counted with Python's xml.etree.
        assert_eq!(channels.environment, "Production");
        assert_eq!(channels.all().len(), 40);
        let products: usize = channels.all().iter().map(|one| one.products.len()).sum();
        assert_eq!(products, 2_258);
        let connections: Vec<&Connection> = channels.all().iter().flat_map(|one| &one.connections).collect();
        assert_eq!(connections.len(), 356);
        assert_eq!(connections.iter().map(|one| one.hosts.len()).sum::<usize>(), 712);
        let count = |feed: Feed, side| {
            connections.iter().filter(|one| (&one.feed, one.side) == (&feed, side)).count()
        };
        for (feed, a, b) in [
            (Feed::Incremental, 40, 40),
            (Feed::Instruments, 40, 40),
            (Feed::Snapshot, 40, 40),
            (Feed::SnapshotByOrder, 38, 38),
            (Feed::Replay, 40, 0),
        ] {
            assert_eq!((count(feed.clone(), Side::A), count(feed.clone(), Side::B)), (a, b), "{feed}");
        }
        let mut groups: Vec<Endpoint> = channels
            .all()
            .iter()
            .flat_map(|one| one.feeds().into_iter().flat_map(|feed| one.lines(&feed).collect::<Vec<_>>()))
            .map(|(_, group)| group)
            .collect();
        groups.sort_unstable();
        groups.dedup();
        assert_eq!(groups.len(), 316);
        let mut codes: Vec<&str> =
            channels.all().iter().flat_map(|one| &one.products).map(|one| one.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 2_022);
        let shared = codes.iter().filter(|code| channels.of_product(code).count() > 1).count();
        assert_eq!(shared, 48);
        let es: Vec<u32> = channels.of_product("ES").map(|one| one.number).collect();
        assert_eq!(es, [310, 311]);
        // The channel that was recorded: the lines of the recording are its incremental ones.
        let channel = channels.channel(340).expect("it was recorded");
        let lines: Vec<(Side, Endpoint)> = channel.lines(&Feed::Incremental).collect();
        let line = |ip, port| Endpoint { ip, port };
        assert_eq!(
            lines,
            [(Side::A, line([224, 0, 31, 64], 14_340)), (Side::B, line([224, 0, 32, 64], 15_340))]
        );
    }
}
