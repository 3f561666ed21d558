//! What a schema file says, and what several say together.
//!
//! Simple Binary Encoding 1.0 RC2, as far as CME uses it: constants take no bytes, composites are a decimal or a
//! month, groups do not nest, offsets are always given.

use anyhow::{Context, anyhow, bail, ensure};
use roxmltree::{Document, Node};
use std::collections::BTreeMap;

/// One file.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) file: String,
    pub(super) version: u16,
    pub(super) words: BTreeMap<String, Words>,
    pub(super) messages: BTreeMap<u16, Message>,
    /// To messages of earlier schemas.
    pub(super) additions: Vec<Addition>,
}

/// What a schema adds to a message of an earlier one.
#[derive(Debug)]
pub(super) struct Addition {
    pub(super) template: u16,
    /// As long as the root block is now, with its new fields.
    pub(super) root: Block,
    /// The same of groups, by name.
    pub(super) groups: BTreeMap<String, Block>,
}

/// All files, laid over each other.
#[derive(Debug)]
pub(super) struct Merged {
    /// By name.
    pub(super) words: BTreeMap<String, Words>,
    /// By template.
    pub(super) messages: BTreeMap<u16, Message>,
}

/// An enumeration or a set of bits.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub(super) is_set: bool,
    pub(super) primitive: Primitive,
    /// Characters are written as characters.
    pub(super) is_char: bool,
    pub(super) nullable: bool,
    /// Name and value; for a set, the number of the bit.
    pub(super) values: Vec<(String, u32)>,
}

/// What a number is stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Primitive {
    /// `u8`, `i32`.
    pub(super) rust: &'static str,
    pub(super) bytes: u16,
    /// The largest there is, which every schema uses as the null.
    pub(super) max: u64,
}

/// What a field's bytes mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number(Primitive),
    /// One character.
    Char,
    /// Characters, filled up with zeros.
    Text(u16),
    /// A 64-bit mantissa, and its exponent.
    Price(i8),
    /// A 32-bit mantissa of ten-thousandths.
    Quantity,
    /// Year, month, day, week.
    Month,
    Words(String),
    /// Not on the wire: always this.
    Constant(Primitive, u32),
    ConstantChar(char),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) tag: u32,
    pub(super) type_name: String,
    pub(super) kind: Kind,
    pub(super) bytes: u16,
    pub(super) at: u16,
    pub(super) nullable: bool,
    pub(super) since: u16,
    /// Older messages have bytes at its place that are not it: only the version tells.
    pub(super) hidden: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// On the wire, as the newest schema has it.
    pub(super) bytes: u16,
    pub(super) fields: Vec<Field>,
}

impl Block {
    /// Up to the end of the last field: what is beyond is padding.
    pub(super) fn known(&self) -> u16 {
        self.fields.iter().map(|field| field.at + field.bytes).max().unwrap_or(0)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) tag: u32,
    pub(super) wide: bool,
    pub(super) block: Block,
    /// The first version that has it; 0 for the template's own.
    pub(super) since: u16,
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) name: String,
    pub(super) since: u16,
    pub(super) root: Block,
    pub(super) groups: Vec<Group>,
}

/// A type of the `types` section.
#[derive(Clone, Debug)]
pub(super) struct Type {
    pub(super) kind: Kind,
    pub(super) bytes: u16,
    pub(super) nullable: bool,
}

pub(super) type Types = BTreeMap<String, Type>;

/// Reads one file.
pub(super) fn read(file: &str, xml: &str) -> anyhow::Result<Schema> {
    let document = Document::parse(xml)?;
    let root = document.root_element();
    ensure!(root.attribute("byteOrder") == Some("littleEndian"), "only little endian is understood");
    let mut words = BTreeMap::new();
    let section = elements(root).find(|node| node.has_tag_name("types")).context("no types")?;
    let types = types(section, &mut words)?;
    let mut messages = BTreeMap::new();
    for node in elements(root).filter(|node| node.tag_name().name() == "message") {
        let template = number(node, "id")?;
        let message = message(node, &types).with_context(|| format!("template {template}"))?;
        messages.insert(template, message);
    }
    let version = number(root, "version")?;
    Ok(Schema { file: file.to_owned(), version, words, messages, additions: Vec::new() })
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

fn text<'a>(node: Node<'a, '_>, attribute: &str) -> anyhow::Result<&'a str> {
    node.attribute(attribute).ok_or_else(|| anyhow!("{:?} has no {attribute}", node.tag_name().name()))
}

fn number<T: std::str::FromStr>(node: Node<'_, '_>, attribute: &str) -> anyhow::Result<T> {
    let digits = text(node, attribute)?;
    digits.parse().map_err(|_| anyhow!("{attribute}={digits:?} is no number for us"))
}

fn since(node: Node<'_, '_>) -> anyhow::Result<u16> {
    if node.has_attribute("sinceVersion") { number(node, "sinceVersion") } else { Ok(0) }
}

pub(super) fn primitive(name: &str) -> anyhow::Result<Primitive> {
    let (rust, bytes, max) = match name {
        "char" | "uint8" => ("u8", 1, u64::from(u8::MAX)),
        "int8" => ("i8", 1, i8::MAX as u64),
        "uint16" => ("u16", 2, u64::from(u16::MAX)),
        "int16" => ("i16", 2, i16::MAX as u64),
        "uint32" => ("u32", 4, u64::from(u32::MAX)),
        "int32" => ("i32", 4, i32::MAX as u64),
        "uint64" => ("u64", 8, u64::MAX),
        "int64" => ("i64", 8, i64::MAX as u64),
        other => bail!("primitive type {other:?} is not understood"),
    };
    Ok(Primitive { rust, bytes, max })
}

fn types(section: Node<'_, '_>, words: &mut BTreeMap<String, Words>) -> anyhow::Result<Types> {
    let mut types = Types::new();
    for node in elements(section) {
        let name = text(node, "name")?;
        let found = match node.tag_name().name() {
            "type" => simple(node),
            "composite" => match composite(node)? {
                Some(found) => Ok(found),
                // Dimensions and headers are no field's type.
                None => continue,
            },
            "enum" | "set" => {
                let entry = vocabulary(node, &types)?;
                let (bytes, nullable) = (entry.primitive.bytes, entry.nullable);
                words.insert(name.to_owned(), entry);
                Ok(Type { kind: Kind::Words(name.to_owned()), bytes, nullable })
            }
            other => bail!("<{other}> is not understood"),
        };
        types.insert(name.to_owned(), found.with_context(|| format!("type {name}"))?);
    }
    Ok(types)
}

fn simple(node: Node<'_, '_>) -> anyhow::Result<Type> {
    let name = text(node, "primitiveType")?;
    let stored = primitive(name)?;
    if node.attribute("presence") == Some("constant") {
        let value = node.text().context("a constant has a value")?.trim();
        let kind = match name {
            "char" => Kind::ConstantChar(value.chars().next().context("a character")?),
            _ => Kind::Constant(stored, value.parse()?),
        };
        return Ok(Type { kind, bytes: 0, nullable: false });
    }
    let nullable = null_is_max(node, stored)?;
    let kind = match (name, node.attribute("length")) {
        ("char", None) => Kind::Char,
        ("char", Some(length)) => {
            let bytes = length.parse()?;
            return Ok(Type { kind: Kind::Text(bytes), bytes, nullable });
        }
        (_, None) => Kind::Number(stored),
        (_, Some(_)) => bail!("an array of numbers is not understood"),
    };
    Ok(Type { kind, bytes: stored.bytes, nullable })
}

/// Whether the type has a null, which the codecs take to be the largest number.
fn null_is_max(node: Node<'_, '_>, stored: Primitive) -> anyhow::Result<bool> {
    match node.attribute("nullValue") {
        None => Ok(false),
        Some(null) if null == stored.max.to_string() => Ok(true),
        Some(null) => bail!("null {null} is not the largest {}", stored.rust),
    }
}

fn composite(node: Node<'_, '_>) -> anyhow::Result<Option<Type>> {
    let parts: Vec<Node<'_, '_>> = elements(node).collect();
    let names: Vec<&str> = parts.iter().map(|part| part.attribute("name").unwrap_or_default()).collect();
    match names[..] {
        ["mantissa", "exponent"] => {
            let stored = primitive(text(parts[0], "primitiveType")?)?;
            let nullable = null_is_max(parts[0], stored)?;
            let exponent: i8 = parts[1].text().context("an exponent has a value")?.trim().parse()?;
            let kind = match (stored.rust, exponent) {
                ("i64", -7 | -9) => Kind::Price(exponent),
                ("i32", -4) => Kind::Quantity,
                other => bail!("a decimal of {other:?} is not understood"),
            };
            Ok(Some(Type { kind, bytes: stored.bytes, nullable }))
        }
        ["year", "month", "day", "week"] => {
            for (part, stored) in parts.iter().zip(["uint16", "uint8", "uint8", "uint8"]) {
                ensure!(part.attribute("primitiveType") == Some(stored), "a month's parts are not as known");
                ensure!(null_is_max(*part, primitive(stored)?)?, "a month's parts may be absent");
            }
            Ok(Some(Type { kind: Kind::Month, bytes: 5, nullable: false }))
        }
        ["blockLength", ..] => Ok(None),
        _ => bail!("a composite of {names:?} is not understood"),
    }
}

fn vocabulary(node: Node<'_, '_>, types: &Types) -> anyhow::Result<Words> {
    let is_set = node.tag_name().name() == "set";
    let encoding = text(node, "encodingType")?;
    let stored = types.get(encoding).with_context(|| format!("encoding {encoding} is defined before"))?;
    let (primitive, is_char) = match stored.kind {
        Kind::Number(primitive) => (primitive, false),
        Kind::Char => (primitive("char")?, true),
        Kind::Text(_) | Kind::Price(_) | Kind::Quantity | Kind::Month | Kind::Words(_) => {
            bail!("words are numbers or characters")
        }
        Kind::Constant(..) | Kind::ConstantChar(_) => bail!("words are no constants"),
    };
    let mut values = Vec::new();
    for value in elements(node) {
        let said = value.text().context("a value")?.trim();
        let code = match is_char {
            true => said.chars().next().context("a character")? as u32,
            false => said.parse()?,
        };
        values.push((text(value, "name")?.to_owned(), code));
    }
    Ok(Words { is_set, primitive, is_char, nullable: stored.nullable, values })
}

fn message(node: Node<'_, '_>, types: &Types) -> anyhow::Result<Message> {
    let mut message = Message {
        name: text(node, "name")?.to_owned(),
        since: since(node)?,
        root: block(node, types)?,
        groups: Vec::new(),
    };
    for child in elements(node).filter(|child| child.has_tag_name("group")) {
        let name = text(child, "name")?.to_owned();
        let wide = match text(child, "dimensionType")? {
            "groupSize" => false,
            "groupSize8Byte" => true,
            other => bail!("dimension {other:?} is not understood"),
        };
        let block = block(child, types).with_context(|| name.clone())?;
        ensure!(elements(child).all(|inner| inner.has_tag_name("field")), "{name} nests a group");
        message.groups.push(Group { name, tag: number(child, "id")?, wide, block, since: since(child)? });
    }
    Ok(message)
}

fn block(node: Node<'_, '_>, types: &Types) -> anyhow::Result<Block> {
    let mut block = Block { bytes: number(node, "blockLength")?, fields: Vec::new() };
    for field in elements(node).filter(|child| child.has_tag_name("field")) {
        let name = text(field, "name")?.to_owned();
        let type_name = text(field, "type")?.to_owned();
        let found = types.get(&type_name).with_context(|| format!("{name} is of no type: {type_name}"))?;
        let is_constant = matches!(found.kind, Kind::Constant(..) | Kind::ConstantChar(_));
        let at = if is_constant { 0 } else { number(field, "offset").with_context(|| name.clone())? };
        ensure!(at + found.bytes <= block.bytes, "{name} lies outside its block");
        block.fields.push(Field {
            tag: number(field, "id")?,
            kind: found.kind.clone(),
            bytes: found.bytes,
            at,
            nullable: found.nullable,
            since: since(field)?,
            hidden: false,
            name,
            type_name,
        });
    }
    Ok(block)
}

/// Lays the schemas, oldest first, over each other.
pub(super) fn merge(schemas: Vec<Schema>) -> anyhow::Result<Merged> {
    let mut merged = Merged { words: BTreeMap::new(), messages: BTreeMap::new() };
    for schema in schemas {
        for (name, words) in schema.words {
            if let Some(old) = merged.words.get(&name) {
                same_words(old, &words).with_context(|| format!("{}, {name}", schema.file))?;
            }
            merged.words.insert(name, words);
        }
        for (template, message) in schema.messages {
            let over = match merged.messages.remove(&template) {
                None => message,
                Some(old) => overlay(&old, message, schema.version)
                    .with_context(|| format!("{}, template {template}", schema.file))?,
            };
            merged.messages.insert(template, over);
        }
        for addition in schema.additions {
            let template = addition.template;
            let whose = || format!("{}, template {template}", schema.file);
            let old = merged.messages.get(&template).context("no schema has it").with_context(whose)?;
            let over = overlay(old, longer(old, addition)?, schema.version).with_context(whose)?;
            merged.messages.insert(template, over);
        }
    }
    Ok(merged)
}

/// What a word meant it still means.
fn same_words(old: &Words, new: &Words) -> anyhow::Result<()> {
    for (value, code) in &old.values {
        let after = new.values.iter().find(|(after, _)| after == value);
        ensure!(after.is_none_or(|(_, after)| after == code), "{value} means another code");
    }
    ensure!(old.is_set == new.is_set && old.nullable == new.nullable, "it is another kind of words");
    Ok(())
}

/// The message with what was added to it.
fn longer(old: &Message, addition: Addition) -> anyhow::Result<Message> {
    let mut new = old.clone();
    let add = |block: &mut Block, more: Block| {
        ensure!(more.bytes >= block.bytes, "a block became shorter");
        block.bytes = more.bytes;
        block.fields.extend(more.fields);
        Ok(())
    };
    add(&mut new.root, addition.root)?;
    for (name, more) in addition.groups {
        let group = new.groups.iter_mut().find(|group| group.name == name);
        add(&mut group.with_context(|| format!("{name} is not there"))?.block, more)?;
    }
    Ok(new)
}

fn overlay(old: &Message, mut new: Message, version: u16) -> anyhow::Result<Message> {
    overlay_block(&old.root, &mut new.root)?;
    for group in &mut new.groups {
        match old.groups.iter().find(|before| before.name == group.name) {
            Some(before) => {
                ensure!(before.wide == group.wide, "{} changed its dimension", group.name);
                group.since = before.since;
                overlay_block(&before.block, &mut group.block)?;
            }
            // Some groups do not say since when they are there.
            None if group.since == 0 => group.since = version,
            None => {}
        }
    }
    for group in &old.groups {
        ensure!(new.groups.iter().any(|after| after.name == group.name), "{} is gone", group.name);
    }
    Ok(new)
}

/// A field that an older message has, and where it has another meaning, would be read wrongly.
fn overlay_block(old: &Block, new: &mut Block) -> anyhow::Result<()> {
    for field in &old.fields {
        let after = new.fields.iter().find(|after| after.name == field.name);
        let after = after.with_context(|| format!("{} is gone", field.name))?;
        ensure!(
            (after.at, &after.kind, after.tag) == (field.at, &field.kind, field.tag),
            "{} moved or changed its type",
            field.name
        );
    }
    for field in &mut new.fields {
        match old.fields.iter().find(|before| before.name == field.name) {
            Some(before) => field.hidden = before.hidden,
            None => {
                ensure!(field.since > 0, "{} is new and does not say since when", field.name);
                field.hidden = field.at + field.bytes <= old.bytes;
                // Text that is not there is empty, if what is there instead is not in its place.
                let may_lack = field.nullable || matches!(field.kind, Kind::Text(_)) && !field.hidden;
                ensure!(may_lack, "{} is new and has no null", field.name);
            }
        }
    }
    Ok(())
}
