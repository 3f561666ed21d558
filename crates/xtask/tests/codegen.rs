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
    let files = codegen::files(&templates).expect("the schemas are understood");
    assert_eq!(files.len(), 3);
    for (name, text) in files {
        let path = Path::new(WORKSPACE).join(codegen::FOLDER).join(name);
        let committed = fs::read_to_string(&path).expect("it is committed");
        assert!(committed == text, "{name} is stale: cargo run -p xtask -- codegen");
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
        let answer = codegen::files(&folder);
        fs::remove_dir_all(&folder).expect("it is there");
        match refusal {
            None => assert_eq!(answer.expect("understood").len(), 3),
            Some(due) => {
                let said = format!("{:#}", answer.expect_err(due));
                assert!(said.contains(due), "{said}");
            }
        }
    }
    assert!(codegen::files(Path::new("/nowhere")).is_err());
}

#[test]
fn the_table_holds_every_message_of_every_schema() {
    let Some(templates) = testkit::data::recorded("cme-mdp3/templates") else {
        return;
    };
    let table = codegen::files(&templates).expect("the schemas are understood");
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
