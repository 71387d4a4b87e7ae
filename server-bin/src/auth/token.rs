//! Sign-ins that a client carries: JSON Web Tokens, signed with HMAC-SHA256 and nothing else.
//!
//! A token holds all there is to know of a sign-in but whether it was ended, which the database knows: so a server that
//! starts anew, or another one, still knows its users. The header is compared with the only one that we write: there is no algorithm to choose.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Id of the user.
    pub(crate) sub: String,
    /// Name of the user, which clients read.
    pub(crate) username: String,
    /// The organization that the user works for at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) organization: Option<String>,
    /// When it was made, in seconds since 1970.
    pub(crate) iat: i64,
    /// When it ends.
    pub(crate) exp: i64,
    /// When the user signed in, which is before `iat` in a token that was renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<i64>,
    /// Id of the sign-in, which a token that was renewed has from the first: whoever signs out ends them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    /// What the password was when the user signed in, as [`stamp`](super::stamp) tells: with another, the token counts
    /// no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stamp: Option<String>,
    /// Id of the key that the user signed in with: without it, the token is not renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
}

/// Why a token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("this is no token of this server")]
    Foreign,
    // PyGraphistry signs in again when it reads these words.
    #[error("Token has expired.")]
    Expired,
    #[error("this account is no more")]
    Gone,
    #[error("the password was changed: sign in again")]
    Changed,
    #[error("you signed out: sign in again")]
    SignedOut,
}

/// Makes and reads tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    key: hmac::Key,
}

/// `{"alg":"HS256","typ":"JWT"}`
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

impl Tokens {
    pub(crate) fn new(secret: &str) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()) }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> String {
        let claims = serde_json::to_vec(claims).expect("claims should be JSON");
        let signed = format!("{HEADER}.{}", BASE64.encode(claims));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(signature))
    }

    /// What a token says at `now`, in seconds since 1970.
    pub(crate) fn read(&self, token: &str, now: i64) -> Result<Claims, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Foreign)?;
        let signature = BASE64.decode(signature).map_err(|_| TokenError::Foreign)?;
        hmac::verify(&self.key, signed.as_bytes(), &signature).map_err(|_| TokenError::Foreign)?;
        let claims = signed.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('.'));
        let claims = BASE64.decode(claims.ok_or(TokenError::Foreign)?);
        let claims: Claims = claims
            .ok()
            .and_then(|claims| serde_json::from_slice(&claims).ok())
            .ok_or(TokenError::Foreign)?;
        if claims.exp <= now { Err(TokenError::Expired) } else { Ok(claims) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            sub: "1".to_owned(),
            username: "ann".to_owned(),
            organization: None,
            iat: 100,
            exp: 200,
            since: None,
            sid: None,
            stamp: None,
            key: None,
        }
    }

    #[test]
    fn a_token_counts_until_it_ends() {
        let tokens = Tokens::new("secret");
        let token = tokens.sign(&claims());
        assert_eq!(tokens.read(&token, 199), Ok(claims()));
        assert_eq!(tokens.read(&token, 200), Err(TokenError::Expired));
    }

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // RFC 7515, appendix A.1, has another header, so the value is that of Python's hmac for these claims.
        let token = Tokens::new("secret").sign(&claims());
        assert_eq!(
            token.rsplit_once('.').unwrap().1,
            "i9ZlDI_4e4DogWeXnbP6duLSbiUeGhw7vJTO3OkhpMU"
        );
    }

    #[test]
    fn whatever_is_changed_the_token_counts_no_more() {
        let tokens = Tokens::new("secret");
        let token = tokens.sign(&claims());
        assert_eq!(Tokens::new("Secret").read(&token, 0), Err(TokenError::Foreign));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character of the signature has bits that stand for nothing.
            if at + 1 < token.len() {
                assert_eq!(tokens.read(&changed, 0), Err(TokenError::Foreign), "{at}");
            }
        }
        // {"alg":"none"} without a signature.
        let none = format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).unwrap());
        for bad in ["", ".", "..", "a.b.c", none.as_str()] {
            assert_eq!(tokens.read(bad, 0), Err(TokenError::Foreign), "{bad}");
        }
    }
}
