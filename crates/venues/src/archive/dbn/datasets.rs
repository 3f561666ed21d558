//! Databento's data sets, as venues: by name, and by the publisher that a record names.
//!
//! A consolidated data set is a venue of its own: its quotes stand at several, and no order can be sent to it.

/// The venue's name in our table, from the data set's.
pub(super) fn venue(dataset: &str) -> String {
    match dataset {
        "GLBX.MDP3" => "cme".into(),
        "XNAS.ITCH" => "nasdaq".into(),
        other => other.to_lowercase(),
    }
}

/// Publishers of data sets, from a first to a last number (Databento, "Publishers").
const PUBLISHERS: &[(u16, u16, &str)] = &[
    (1, 1, "GLBX.MDP3"),
    (2, 2, "XNAS.ITCH"),
    (3, 3, "XBOS.ITCH"),
    (4, 4, "XPSX.ITCH"),
    (5, 5, "BATS.PITCH"),
    (6, 6, "BATY.PITCH"),
    (7, 7, "EDGA.PITCH"),
    (8, 8, "EDGX.PITCH"),
    (9, 9, "XNYS.PILLAR"),
    (10, 10, "XCIS.PILLAR"),
    (11, 11, "XASE.PILLAR"),
    (12, 12, "XCHI.PILLAR"),
    (13, 13, "XCIS.BBO"),
    (14, 14, "XCIS.TRADES"),
    (15, 15, "MEMX.MEMOIR"),
    (16, 16, "EPRL.DOM"),
    (17, 18, "XNAS.NLS"),
    (19, 19, "XNYS.TRADES"),
    (20, 37, "OPRA.PILLAR"),
    (38, 38, "IEXG.TOPS"),
    (39, 42, "DBEQ.BASIC"),
    (43, 43, "ARCX.PILLAR"),
    (44, 44, "XNYS.BBO"),
    (45, 45, "XNYS.TRADES"),
    (46, 46, "XNAS.QBBO"),
    (47, 47, "XNAS.NLS"),
    (48, 56, "EQUS.PLUS"),
    (57, 57, "IFEU.IMPACT"),
    (58, 58, "NDEX.IMPACT"),
    (59, 59, "DBEQ.BASIC"),
    (60, 60, "EQUS.PLUS"),
    (61, 61, "OPRA.PILLAR"),
    (62, 80, "EQUS.ALL"),
    (81, 83, "XNAS.BASIC"),
    (84, 84, "IFEU.IMPACT"),
    (85, 85, "NDEX.IMPACT"),
    (86, 87, "XNAS.NLS"),
    (88, 89, "XNAS.BASIC"),
    (90, 90, "EQUS.SUMMARY"),
    (91, 91, "XCIS.TRADESBBO"),
    (92, 92, "XNYS.TRADESBBO"),
    (93, 93, "XNAS.BASIC"),
    (94, 94, "EQUS.ALL"),
    (95, 95, "EQUS.MINI"),
    (96, 96, "XNYS.TRADES"),
    (97, 98, "IFUS.IMPACT"),
    (99, 100, "IFLL.IMPACT"),
    (101, 101, "XEUR.EOBI"),
    (102, 102, "XEEE.EOBI"),
    (103, 103, "XEUR.EOBI"),
    (104, 104, "XEEE.EOBI"),
    (105, 106, "XCBF.PITCH"),
    (107, 107, "OCEA.MEMOIR"),
    (108, 109, "OPRA.PILLAR"),
    (110, 110, "MAIN.CGIF"),
    (111, 135, "EQUS.SIP"),
    (136, 136, "MSCI.CGIF"),
    (137, 137, "FTSE.CGIF"),
    (138, 138, "INAV.CGIF"),
    (139, 139, "MSTAR.CGIF"),
    (140, 140, "CCCY.CGIF"),
    (141, 141, "CGI.CGIF"),
    (142, 142, "MAIN.CGIF"),
    (143, 143, "XTKS.FLEX"),
    (144, 144, "XTKT.ITCH"),
    (145, 145, "XOSE.ITCH"),
    (146, 153, "DBIX.CORE"),
];

/// The data set a publisher belongs to; `None` for one that came after this was written.
#[must_use]
pub fn of_publisher(publisher: u16) -> Option<&'static str> {
    let row = PUBLISHERS.partition_point(|known| known.1 < publisher);
    PUBLISHERS.get(row).filter(|known| known.0 <= publisher).map(|known| known.2)
}
