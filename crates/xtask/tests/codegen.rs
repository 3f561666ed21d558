//! The generated codecs are those of the exchange's files, byte for byte.

use std::fs;
use std::path::Path;
use xtask::codegen;

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[test]
fn generating_again_gives_what_is_committed() {
    let Some(templates) = testkit::data::recorded("cme-mdp3/templates") else {
        return;
    };
    let files = codegen::files(&templates, Some(codegen::NEWER)).expect("the schemas are understood");
    assert_eq!(files.len(), 3);
    for (name, text) in files {
        let path = Path::new(WORKSPACE).join(codegen::FOLDER).join(name);
        let committed = fs::read_to_string(&path).expect("it is committed");
        assert!(committed == text, "{name} is stale: cargo run -p xtask -- codegen");
    }
}

/// The entries of a generated file, from one that starts with `start` to the next.
fn entries<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    let entries = text.split("\n\n").skip(1);
    entries.map(str::trim).filter(|entry| entry.contains(start)).collect()
}

/// Needs no file of the exchange: what is newer than those is stated in full by our own facts.
#[test]
fn generating_from_our_own_facts_gives_part_of_what_is_committed() {
    let mut found = 0;
    for (name, text) in codegen::newer_files(codegen::NEWER).expect("the facts are understood") {
        let path = Path::new(WORKSPACE).join(codegen::FOLDER).join(name);
        let committed = fs::read_to_string(&path).expect("it is committed");
        for entry in entries(&text, "! {") {
            let title = entry.lines().next().expect("it has a line");
            assert!(committed.contains(entry), "{name}: {title} is stale: cargo run -p xtask -- codegen");
            found += 1;
        }
    }
    // Words, messages with their blocks and groups, and the table's messages.
    assert!(found > 22 + 13 * 3, "{found}");
}

#[test]
fn facts_that_cannot_be_are_refused_with_their_line() {
    let facts = |was: &str, is: &str| {
        assert!(codegen::NEWER.contains(was), "{was}");
        codegen::NEWER.replacen(was, is, 1)
    };
    let cases = [
        (facts("schema 13", ""), "does not say which schema"),
        (facts("schema 13", "scheme 13"), "no statement we know"),
        (facts("int8 null", "int9 null"), "\"int9\" is not understood"),
        (facts("  201 PrivateWorkup", "  20x PrivateWorkup"), "20x PrivateWorkup"),
        (
            facts("  5   SecurityUpdateAction 980", "  6   SecurityUpdateAction 980"),
            "what is before it ends at 5",
        ),
        (
            facts("MDInstrumentDefinitionRepo58 276", "MDInstrumentDefinitionRepo58 200"),
            "lies outside its block",
        ),
        (facts("MDInstrumentDefinitionRepo58", "MDInstrumentDefinitionRepo5"), "ends with its template"),
        (facts("message 58 MDInstrumentDefinitionRepo58", "message 57 Repo57"), "here twice"),
        (facts("911 uInt32NULL", "911 uInt33NULL"), "type uInt33NULL is not known here"),
        (facts("  -   SecurityIDSource", "  59  SecurityIDSource"), "is nowhere"),
    ];
    for (facts, due) in cases {
        let said = format!("{:#}", codegen::newer_files(&facts).expect_err(due));
        assert!(said.contains(due), "{due}: {said}");
    }
}

#[test]
fn facts_that_contradict_the_exchange_are_refused() {
    let Some(templates) = testkit::data::recorded("cme-mdp3/templates") else {
        return;
    };
    let cases = [
        ("schema 13", "schema 9", "no later schema"),
        ("add 54 224", "add 99 224", "template 99"),
        ("add 46 11", "add 46 10", "became shorter"),
        ("in NoMDEntries 32", "in NoEntries 32", "NoEntries is not there"),
        ("  17  ReadyToTrade", "  19  ReadyToTrade", "ReadyToTrade means another code"),
        (
            "InstrumentGUID 37513 uInt64NULL since 10",
            "InstrumentGUID 37513 uInt64NULL",
            "does not say since when",
        ),
        ("InstrumentGUID 37513 uInt64NULL since 10", "InstrumentGUID 37513 uInt64 since 10", "has no null"),
    ];
    for (was, is, due) in cases {
        let facts = codegen::NEWER.replacen(was, is, 1);
        let said = format!("{:#}", codegen::files(&templates, Some(&facts)).expect_err(due));
        assert!(said.contains(due), "{due}: {said}");
    }
}

#[test]
fn a_schema_beyond_us_is_refused_by_name() {
    let schema = |types: &str, field: &str| {
        format!(
            "<messageSchema version=\"1\" byteOrder=\"littleEndian\"><types>{types}</types>\
             <message name=\"Made1\" id=\"1\" blockLength=\"8\">{field}</message></messageSchema>"
        )
    };
    let number = "<type name=\"Number\" primitiveType=\"uint64\"/>";
    let field = "<field name=\"A\" id=\"1\" type=\"Number\" offset=\"0\"/>";
    let cases = [
        (schema(number, field), None),
        (schema(number, field).replace("littleEndian", "bigEndian"), Some("little endian")),
        (schema("<type name=\"Number\" primitiveType=\"double\"/>", field), Some("\"double\"")),
        (
            schema("<type name=\"Number\" primitiveType=\"uint64\" nullValue=\"0\"/>", field),
            Some("null 0 is not the largest"),
        ),
        (schema(number, &field.replace("offset=\"0\"", "offset=\"1\"")), Some("outside its block")),
        (schema(number, &field.replace("Number", "Other")), Some("of no type")),
        (schema("<data name=\"Number\"/>", field), Some("<data>")),
    ];
    for (at, (xml, refusal)) in cases.into_iter().enumerate() {
        let folder = std::env::temp_dir().join(format!("quoin-codegen-{}-{at}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder of our own");
        fs::write(folder.join("templates_FixBinary_v1.xml"), xml).expect("written");
        let answer = codegen::files(&folder, None);
        fs::remove_dir_all(&folder).expect("it is there");
        match refusal {
            None => assert_eq!(answer.expect("understood").len(), 3),
            Some(due) => {
                let said = format!("{:#}", answer.expect_err(due));
                assert!(said.contains(due), "{said}");
            }
        }
    }
    assert!(codegen::files(Path::new("/nowhere"), None).is_err());
}

#[test]
fn the_table_holds_every_message_of_every_schema() {
    let Some(templates) = testkit::data::recorded("cme-mdp3/templates") else {
        return;
    };
    let table = codegen::files(&templates, Some(codegen::NEWER)).expect("the schemas are understood");
    let (_, table) = table.into_iter().find(|(name, _)| *name == "table.rs").expect("generated");
    let mut fields = 0;
    for (file, count) in [("v5_20140806", 17), ("v8_20160701", 19), ("v9_20180308", 29)] {
        let path = templates.join(format!("templates_FixBinary_{file}.xml"));
        let xml = fs::read_to_string(path).expect("just found");
        // The messages come last; what lies before them is types.
        let names: Vec<&str> = xml.split("message name=\"").skip(1).collect();
        assert_eq!(names.len(), count, "{file}");
        for message in names {
            let name = message.split('"').next().expect("it ends");
            let (_, entry) = table.split_once(&format!("\"{name}\" since")).expect(name);
            let entry = entry.split("message! {").next().expect("it starts");
            for field in message.split("<field ").skip(1) {
                let attribute = |name: &str| {
                    let (_, value) = field.split_once(&format!("{name}=\""))?;
                    value.split('"').next()
                };
                let (field, tag) = (attribute("name").expect("named"), attribute("id").expect("tagged"));
                assert!(entry.contains(&format!("\"{field}\" {tag}, ")), "{file} {name} {field}");
                fields += 1;
            }
        }
    }
    assert!(fields > 1_000, "{fields}");
}
