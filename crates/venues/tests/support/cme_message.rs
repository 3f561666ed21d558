//! CME's messages of any template, written by the generated table: fields by CME's names, absent until they are set.

use venues::cme::sbe::schema::{Block, Field, Kind, Message};
use venues::cme::sbe::table;

/// A value of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Is {
    /// A number, the code of a word, or a decimal in nanos.
    Number(i64),
    /// Text, or one character.
    Text(&'static str),
}

/// A message to be.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) schema: &'static Message,
    pub(crate) version: u16,
    pub(crate) root: Vec<u8>,
    /// By group: its entries.
    pub(crate) groups: Vec<Vec<Vec<u8>>>,
}

/// A message of this template with nothing in it, as the newest schema has it.
pub(crate) fn message(template: u16) -> Made {
    let found = table::MESSAGES.iter().find(|known| known.template == template);
    let schema = *found.unwrap_or_else(|| panic!("template {template} is in the table"));
    let version = if template < 46 && template != 4 { 9 } else { 13 };
    let groups = vec![Vec::new(); schema.groups.len()];
    Made { schema, version, root: absent(&schema.root), groups }
}

fn absent(block: &Block) -> Vec<u8> {
    let mut bytes = vec![0; usize::from(block.bytes)];
    for field in block.fields {
        if let Some(null) = field.null {
            put(&mut bytes, field, &null.to_le_bytes());
        }
    }
    bytes
}

fn put(block: &mut [u8], field: &Field, value: &[u8]) {
    let place = &mut block[usize::from(field.at)..usize::from(field.at + field.bytes)];
    place.fill(0);
    let size = place.len().min(value.len());
    place[..size].copy_from_slice(&value[..size]);
}

/// Sets a field if the block has it.
pub(crate) fn set(block: &Block, bytes: &mut [u8], name: &str, is: Is) -> bool {
    let Some(field) = block.fields.iter().find(|field| field.name == name) else { return false };
    match (is, field.kind) {
        (_, Kind::Constant(_)) => {}
        (Is::Text(text), _) => put(bytes, field, text.as_bytes()),
        (Is::Number(nanos), Kind::Decimal(exponent)) => {
            let scale = 10_i64.pow(u32::from((9 + exponent).unsigned_abs()));
            assert_eq!(nanos % scale, 0, "{name} has fewer decimals");
            put(bytes, field, &(nanos / scale).to_le_bytes());
        }
        (Is::Number(number), _) => put(bytes, field, &number.to_le_bytes()),
    }
    true
}

impl Made {
    /// With these fields of its root block, those of them that it has.
    pub(crate) fn with(mut self, fields: &[(&str, Is)]) -> Self {
        for (name, is) in fields {
            set(&self.schema.root, &mut self.root, name, *is);
        }
        self
    }

    /// With one more entry of a group, with those of these fields that it has.
    pub(crate) fn entry(mut self, group: &str, fields: &[(&str, Is)]) -> Self {
        let place = self.schema.groups.iter().position(|known| known.name == group);
        let place = place.unwrap_or_else(|| panic!("{} has {group}", self.schema.name));
        let block = &self.schema.groups[place].block;
        let mut bytes = absent(block);
        for (name, is) in fields {
            set(block, &mut bytes, name, *is);
        }
        self.groups[place].push(bytes);
        self
    }

    /// Its bytes, with so many that nobody knows at the end of every block.
    pub(crate) fn bytes_and(&self, more: usize) -> Vec<u8> {
        let mut body = self.root.clone();
        body.resize(body.len() + more, 0xee);
        let root = body.len();
        for (group, entries) in self.schema.groups.iter().zip(&self.groups) {
            let size = entries.first().map_or(usize::from(group.block.bytes), Vec::len) + more;
            body.extend(u16::try_from(size).expect("blocks are short").to_le_bytes());
            body.extend(std::iter::repeat_n(0, if group.wide { 5 } else { 0 }));
            body.push(u8::try_from(entries.len()).expect("entries are few"));
            for entry in entries {
                let end = body.len() + size;
                body.extend(entry);
                body.resize(end, 0xee);
            }
        }
        let words = [body.len() + 10, root, usize::from(self.schema.template), 1, usize::from(self.version)];
        let head = words.map(|word| u16::try_from(word).expect("messages are short").to_le_bytes());
        [head.concat(), body].concat()
    }
}

/// A packet of messages.
pub(crate) fn packet(sequence: u32, sent: i64, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = sequence.to_le_bytes().to_vec();
    bytes.extend(sent.to_le_bytes());
    bytes.extend(messages.concat());
    bytes
}
