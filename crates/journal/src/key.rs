//! Who vouches for a journal: an Ed25519 key, kept in a file of its own.
//!
//! Never shows a private key: not in `Debug`, not in an error, not in a journal. Makes no key by itself, for this crate
//! has no randomness; who makes one hands 32 bytes over.
//!
//! `ed25519-dalek` rather than `ring` or `aws-lc-rs`: pure Rust, no C, no build script, and BSD-licensed. Signatures are
//! deterministic (RFC 8032), so that the same run under the same key writes the same file.

use crate::JournalError;
use crate::error::io_error;
use crate::hash::{read_hex, write_hex};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// How a private key's file starts; the key's 64 digits are the second line.
const PRIVATE: &str = "quoin private key, ed25519; keep it where nobody else can read it";
/// The length of a signature.
pub(crate) const SIGNATURE_BYTES: usize = 64;

/// The half of a key that anybody may have: it proves signatures. Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        read_hex(text).map(Self)
    }

    /// Whether the owner of the key signed `message`. Strict: no weak keys, one form for each signature.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// The half that signs.
#[derive(Clone)]
pub struct Signer(Arc<SigningKey>);

impl Signer {
    /// The key that these 32 bytes of chance are.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Arc::new(SigningKey::from_bytes(&seed)))
    }

    /// Reads a key from its file.
    ///
    /// # Errors
    /// When it cannot be read, is no key, or may be read by others than its owner.
    pub fn read(path: &Path) -> Result<Self, JournalError> {
        refuse_if_others_may_read(path)?;
        let text = fs::read_to_string(path).map_err(io_error("reading the key", path))?;
        let mut lines = text.lines();
        let seed = (lines.next() == Some(PRIVATE)).then(|| lines.next().and_then(read_hex)).flatten();
        seed.map(Self::from_seed).ok_or_else(|| JournalError::NotAKey {
            path: path.to_owned(),
            what: "it is not a private key as `quoin keys new` writes it",
        })
    }

    /// Writes the key into a new file that only its owner can read.
    ///
    /// # Errors
    /// When there is a file already, or the disk refuses.
    pub fn write_new(seed: [u8; 32], path: &Path) -> Result<Self, JournalError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io_error("making the key's file", path))?;
        let mut text = format!("{PRIVATE}\n");
        write_hex(&mut text, &seed).expect("a string takes all");
        text.push('\n');
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(io_error("writing the key", path))?;
        Ok(Self::from_seed(seed))
    }

    /// What others need to believe this key's signatures.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl PartialEq for Signer {
    fn eq(&self, other: &Self) -> bool {
        self.public() == other.public()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public())
    }
}

#[cfg(unix)]
fn refuse_if_others_may_read(path: &Path) -> Result<(), JournalError> {
    let mode = fs::metadata(path).map_err(io_error("reading the key", path))?;
    if std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o077 == 0 {
        return Ok(());
    }
    Err(JournalError::NotAKey {
        path: path.to_owned(),
        what: "others than its owner may read it; `chmod 600` it, or better make a new one",
    })
}

#[cfg(not(unix))]
fn refuse_if_others_may_read(_: &Path) -> Result<(), JournalError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1: secret key, public key, message, signature.
    const PUBLISHED: [[&str; 4]; 2] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
    ];

    #[test]
    fn keys_and_signatures_are_those_of_the_standard() {
        for [secret, public, message, signature] in PUBLISHED {
            let signer = Signer::from_seed(read_hex(secret).expect("32 bytes"));
            assert_eq!(signer.public().to_string(), public);
            let message: Vec<u8> = if message.is_empty() { vec![] } else { vec![0x72] };
            let made = signer.sign(&message);
            assert_eq!(Some(made), read_hex(signature));
            assert!(signer.public().signed(&message, &made));
            for bit in 0..SIGNATURE_BYTES * 8 {
                let mut other = made;
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(!signer.public().signed(&message, &other), "bit {bit}");
            }
            assert!(!signer.public().signed(b"another", &made));
        }
    }

    #[test]
    fn a_key_that_is_shown_does_not_show_its_secret() {
        let [secret, public, ..] = PUBLISHED[0];
        let signer = Signer::from_seed(read_hex(secret).expect("32 bytes"));
        let shown = format!("{signer:?}");
        assert!(shown.contains(public) && !shown.contains(secret), "{shown}");
        assert_eq!(PublicKey::from_hex(public), Some(signer.public()));
        for wrong in ["", &public[1..], &public.replace('d', "g"), &format!("{public} ")] {
            assert_eq!(PublicKey::from_hex(wrong), None, "{wrong}");
        }
    }
}
