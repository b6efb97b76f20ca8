//! Every literal route of the server below `/v1` is in the description of the API.
//!
//! The exchanges of devices name their path by a constant and are described in `schemas/wire`.

use std::collections::BTreeSet;

/// The file that lists the routes.
pub(super) const ROUTER: &str = "server/src/http/mod.rs";
/// The description of the API, generated from the handlers.
pub(super) const API: &str = "schemas/openapi.json";

pub(super) fn check(router: &str, api: &str) -> anyhow::Result<Vec<String>> {
    let api: serde_json::Value = serde_json::from_str(api)?;
    let unknown = routes(router)
        .into_iter()
        .filter(|path| api["paths"].get(path).is_none());
    Ok(unknown
        .map(|path| {
            format!(
                "{ROUTER}: {API} lacks {path}: name its handler in `paths(…)` of server/src/http/openapi.rs and run \
                 `cargo xtask schemas`"
            )
        })
        .collect())
}

/// The literal paths below `/v1` that a call of `route` names.
fn routes(router: &str) -> BTreeSet<&str> {
    let calls = router.split(".route(").skip(1);
    let literals = calls.filter_map(|call| call.trim_start().strip_prefix('"')?.split('"').next());
    literals.filter(|path| path.starts_with("/v1/")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_the_description_lacks_is_named() {
        let router =
            ".route(\"/v1/a\", get(a)).route(\n \"/v1/b/{id}\", get(b)).route(Push::PATH, post(p))";
        let api = r#"{"paths": {"/v1/a": {}}}"#;
        let found = check(router, api).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("lacks /v1/b/{id}"), "{found:?}");
        let both = r#"{"paths": {"/v1/a": {}, "/v1/b/{id}": {}}}"#;
        assert!(check(router, both).unwrap().is_empty());
    }
}
