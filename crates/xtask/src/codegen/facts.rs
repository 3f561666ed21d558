//! What schemas after the exchange's files say, in a form of our own: see `schemas/cme-mdp3-after-9.txt`, which
//! describes its lines.
//!
//! Gives the same [`Schema`] as a file of the exchange. Never guesses: a line that is none is an error with its
//! number, and a block whose fields overlap, or do not fit it, is none either.

use super::schema::{Addition, Block, Field, Group, Kind, Message, Schema, Type, Types, Words, primitive};
use anyhow::{Context, bail, ensure};
use std::collections::BTreeMap;

/// What the indented lines below a line belong to.
enum Under {
    Nothing,
    Words(String),
    Root(u16),
    Group(u16),
    Addition,
    AdditionOf(String),
}

/// The lines read so far.
struct Facts {
    types: Types,
    schema: Schema,
    under: Under,
}

/// Reads one statement of facts.
pub(super) fn read(file: &str, text: &str) -> anyhow::Result<Schema> {
    let schema = Schema {
        file: file.to_owned(),
        version: 0,
        words: BTreeMap::new(),
        messages: BTreeMap::new(),
        additions: Vec::new(),
    };
    let mut facts = Facts { types: Types::new(), schema, under: Under::Nothing };
    for (at, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let told = match words.first() {
            None => Ok(()),
            Some(first) if first.starts_with('#') => Ok(()),
            Some(_) if line.starts_with(' ') => facts.detail(&words),
            Some(_) => facts.statement(&words),
        };
        told.with_context(|| format!("{file}:{}: {line:?}", at + 1))?;
    }
    ensure!(facts.schema.version > 0, "{file} does not say which schema it is of");
    for (template, message) in &facts.schema.messages {
        let blocks = message.groups.iter().map(|group| &group.block);
        for block in std::iter::once(&message.root).chain(blocks) {
            in_place(block).with_context(|| format!("{file}, template {template}"))?;
        }
    }
    Ok(facts.schema)
}

/// Fields lie one behind the other, and only the end of a block is padding.
fn in_place(block: &Block) -> anyhow::Result<()> {
    let mut end = 0;
    for field in block.fields.iter().filter(|field| field.bytes > 0) {
        ensure!(field.at == end, "{} is at {}, and what is before it ends at {end}", field.name, field.at);
        end += field.bytes;
    }
    ensure!(end <= block.bytes, "fields end at {end}, the block at {}", block.bytes);
    Ok(())
}

impl Facts {
    fn statement(&mut self, words: &[&str]) -> anyhow::Result<()> {
        self.under = match *words {
            ["schema", version] => {
                self.schema.version = version.parse()?;
                Under::Nothing
            }
            ["type", name, ref rest @ ..] => {
                self.types.insert(name.to_owned(), kind(rest)?);
                Under::Nothing
            }
            [what @ ("enum" | "set"), name, of] => self.vocabulary(name, of, what == "set")?,
            ["message", template, name, bytes, "since", since] => {
                let root = Block { bytes: bytes.parse()?, fields: Vec::new() };
                let message =
                    Message { name: name.to_owned(), since: since.parse()?, root, groups: Vec::new() };
                let template = template.parse()?;
                ensure!(name.ends_with(&format!("{template}")), "a message's name ends with its template");
                let before = self.schema.messages.insert(template, message);
                ensure!(before.is_none(), "template {template} is here twice");
                Under::Root(template)
            }
            ["group", name, tag, bytes, ref rest @ ..] => self.group(name, tag, bytes, rest)?,
            ["add", template, bytes] => {
                let root = Block { bytes: bytes.parse()?, fields: Vec::new() };
                let addition = Addition { template: template.parse()?, root, groups: BTreeMap::new() };
                self.schema.additions.push(addition);
                Under::Addition
            }
            ["in", group, bytes] => {
                let addition = self.schema.additions.last_mut().context("what is added to comes first")?;
                let block = Block { bytes: bytes.parse()?, fields: Vec::new() };
                addition.groups.insert(group.to_owned(), block);
                Under::AdditionOf(group.to_owned())
            }
            _ => bail!("no statement we know"),
        };
        Ok(())
    }

    fn vocabulary(&mut self, name: &str, of: &str, is_set: bool) -> anyhow::Result<Under> {
        let stored = self.types.get(of).with_context(|| format!("type {of} is not known here"))?;
        let (primitive, is_char) = match stored.kind {
            Kind::Number(primitive) => (primitive, false),
            Kind::Char => (primitive("char")?, true),
            Kind::Text(_) | Kind::Price(_) | Kind::Quantity | Kind::Month | Kind::Words(_) => {
                bail!("words are numbers or characters")
            }
            Kind::Constant(..) | Kind::ConstantChar(_) => bail!("words are no constants"),
        };
        let entry = Words { is_set, primitive, is_char, nullable: stored.nullable, values: Vec::new() };
        let found =
            Type { kind: Kind::Words(name.to_owned()), bytes: stored.bytes, nullable: stored.nullable };
        self.types.insert(name.to_owned(), found);
        self.schema.words.insert(name.to_owned(), entry);
        Ok(Under::Words(name.to_owned()))
    }

    fn group(&mut self, name: &str, tag: &str, bytes: &str, rest: &[&str]) -> anyhow::Result<Under> {
        let (wide, since) = match *rest {
            [] => (false, 0),
            ["wide"] => (true, 0),
            ["since", since] => (false, since.parse()?),
            _ => bail!("a group is wide, or since a schema"),
        };
        let (Under::Root(template) | Under::Group(template)) = self.under else {
            bail!("a group belongs to a message");
        };
        let block = Block { bytes: bytes.parse()?, fields: Vec::new() };
        let group = Group { name: name.to_owned(), tag: tag.parse()?, wide, block, since };
        self.message(template).groups.push(group);
        Ok(Under::Group(template))
    }

    fn message(&mut self, template: u16) -> &mut Message {
        self.schema.messages.get_mut(&template).expect("its line was read")
    }

    /// A line below a statement: a word's value, or a field.
    fn detail(&mut self, words: &[&str]) -> anyhow::Result<()> {
        if let Under::Words(name) = &self.under {
            let [code, said] = *words else { bail!("a value and its name") };
            let entry = self.schema.words.get_mut(name).expect("its line was read");
            let code = if entry.is_char { u32::from(character(code)?) } else { code.parse()? };
            entry.values.push((said.to_owned(), code));
            return Ok(());
        }
        let field = self.field(words)?;
        let block = match &self.under {
            Under::Root(template) => &mut self.message(*template).root,
            Under::Group(template) => {
                let groups = &mut self.message(*template).groups;
                &mut groups.last_mut().expect("its line was read").block
            }
            Under::Addition => &mut self.schema.additions.last_mut().expect("its line was read").root,
            Under::AdditionOf(group) => {
                let addition = self.schema.additions.last_mut().expect("its line was read");
                addition.groups.get_mut(group).expect("its line was read")
            }
            Under::Nothing | Under::Words(_) => bail!("a field belongs to a block"),
        };
        ensure!(field.at + field.bytes <= block.bytes, "{} lies outside its block", field.name);
        block.fields.push(field);
        Ok(())
    }

    fn field(&self, words: &[&str]) -> anyhow::Result<Field> {
        let (at, name, tag, of, since) = match *words {
            [at, name, tag, of] => (at, name, tag, of, 0),
            [at, name, tag, of, "since", since] => (at, name, tag, of, since.parse()?),
            _ => bail!("a field is: offset, name, tag, type"),
        };
        let found = self.types.get(of).with_context(|| format!("type {of} is not known here"))?;
        ensure!((at == "-") == (found.bytes == 0), "what is never on the wire is nowhere");
        Ok(Field {
            name: name.to_owned(),
            tag: tag.parse()?,
            type_name: of.to_owned(),
            kind: found.kind.clone(),
            bytes: found.bytes,
            at: if at == "-" { 0 } else { at.parse()? },
            nullable: found.nullable,
            since,
            hidden: false,
        })
    }
}

fn kind(words: &[&str]) -> anyhow::Result<Type> {
    Ok(match *words {
        ["char"] => Type { kind: Kind::Char, bytes: 1, nullable: false },
        ["char", "=", value] => {
            Type { kind: Kind::ConstantChar(char::from(character(value)?)), bytes: 0, nullable: false }
        }
        ["text", bytes] => {
            let bytes = bytes.parse()?;
            Type { kind: Kind::Text(bytes), bytes, nullable: false }
        }
        ["month"] => Type { kind: Kind::Month, bytes: 5, nullable: false },
        ["decimal", "-9", "int64"] => Type { kind: Kind::Price(-9), bytes: 8, nullable: false },
        ["decimal", "-9", "int64", "null"] => Type { kind: Kind::Price(-9), bytes: 8, nullable: true },
        ["decimal", "-4", "int32", "null"] => Type { kind: Kind::Quantity, bytes: 4, nullable: true },
        [number] => {
            let stored = primitive(number)?;
            Type { kind: Kind::Number(stored), bytes: stored.bytes, nullable: false }
        }
        [number, "null"] => {
            let stored = primitive(number)?;
            Type { kind: Kind::Number(stored), bytes: stored.bytes, nullable: true }
        }
        [number, "=", value] => {
            Type { kind: Kind::Constant(primitive(number)?, value.parse()?), bytes: 0, nullable: false }
        }
        _ => bail!("no type we know"),
    })
}

fn character(word: &str) -> anyhow::Result<u8> {
    match word.as_bytes() {
        [byte] => Ok(*byte),
        _ => bail!("{word:?} is not one character"),
    }
}
