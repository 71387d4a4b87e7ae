//! Passwords and other secrets that somebody types or keeps.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{ApiError, ApiResult};

/// Shortest password that is taken.
pub(crate) const MIN_LENGTH: usize = 8;

/// Longest password that is hashed, so that nobody makes the server hash megabytes.
const MAX_LENGTH: usize = 1024;

/// The hash of a password, with its salt and costs: Argon2id of 19 MiB in two passes, about 20 ms.
pub(crate) fn hash(password: &str) -> ApiResult<String> {
    let length = password.chars().count();
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Err(ApiError::Invalid(format!(
            "a password has {MIN_LENGTH} to {MAX_LENGTH} characters, not {length}"
        )));
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|error| ApiError::Internal(anyhow::anyhow!("hash of a password: {error}")))
}

/// Whether a password is that of the hash. Without a hash it takes the same time, and is not.
pub(crate) fn verify(password: &str, hash: Option<&str>) -> bool {
    /// Of a password that nobody knows.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IGZvciBubw$Zzo0iuCYpv4hTTC6Twj5PtRqdMKsImeMLFOJrMKdeV8";
    let known = hash.is_some();
    let hash = hash.unwrap_or(NOBODY);
    password.len() <= 4 * MAX_LENGTH
        && Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
        && known
}

/// A secret that cannot be guessed: 256 bits, as text for addresses.
pub(crate) fn random() -> String {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("the system should have random numbers");
    BASE64.encode(bytes)
}

/// What is kept of a secret that was made by [`random`]; it needs no salt, since it cannot be guessed.
pub(crate) fn fingerprint(secret: &str) -> String {
    BASE64.encode(digest::digest(&digest::SHA256, secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_alone() {
        let hashed = hash("correct horse").unwrap();
        assert!(hashed.starts_with("$argon2id$"), "{hashed}");
        assert!(!hashed.contains("correct"));
        assert!(verify("correct horse", Some(&hashed)));
        assert!(!verify("correct horsf", Some(&hashed)));
        assert!(!verify("correct horse", None));
        assert_ne!(hashed, hash("correct horse").unwrap(), "there should be a salt");
    }

    #[test]
    fn the_hash_that_nobody_has_is_well_formed() {
        // A malformed one would be refused at once, and tell who has an account.
        let start = std::time::Instant::now();
        assert!(!verify("x", None));
        assert!(start.elapsed().as_millis() > 1);
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(hash("1234567").is_err());
        assert!(hash(&"x".repeat(MAX_LENGTH + 1)).is_err());
    }

    #[test]
    fn secrets_differ() {
        assert_ne!(random(), random());
        assert_eq!(random().len(), 43);
    }
}
