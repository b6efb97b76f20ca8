//! A person's browser: it keeps the cookies of a server, and comes from an address.

use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};
use xuncha_server::people::Administrator;

use super::Town;

/// A password that meets the rules.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A browser with its cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    base: String,
    address: &'static str,
    client: reqwest::blocking::Client,
    pub(crate) session: Option<String>,
    pub(crate) known: Option<String>,
    /// Headers that it sends with every request.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Browser {
    /// A browser without cookies. The town's server takes the loopback address for a proxy, so that the address counts.
    pub(crate) fn new(town: &Town, address: &'static str) -> Self {
        Self {
            base: town.url(""),
            address,
            client: reqwest::blocking::Client::new(),
            session: None,
            known: None,
            headers: Vec::new(),
        }
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("x-forwarded-for", self.address);
        let cookies = [
            ("__Host-xuncha", &self.session),
            ("__Host-xuncha-browser", &self.known),
        ];
        let cookies: Vec<String> = cookies
            .iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().unwrap();
        let set: Vec<String> = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        for cookie in set {
            let (name, rest) = cookie.split_once('=').unwrap();
            let (value, rules) = rest.split_once("; ").unwrap();
            for rule in ["Path=/", "HttpOnly", "Secure", "SameSite=Strict"] {
                assert!(rules.split("; ").any(|one| one == rule), "{cookie}");
            }
            let value = Some(value.to_owned()).filter(|value| !value.is_empty());
            match name {
                "__Host-xuncha" => self.session = value,
                "__Host-xuncha-browser" => self.known = value,
                other => panic!("{other}"),
            }
        }
        let status = response.status().as_u16();
        let text = response.text().unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    pub(crate) fn get(&mut self, path: &str) -> (u16, Value) {
        self.call("GET", path, None)
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        self.call("POST", path, Some(body))
    }

    /// Signs in with a name and a password.
    pub(crate) fn sign_in(&mut self, name: &str, password: &str) -> (u16, Value) {
        self.post(
            "/v1/sign-in",
            &json!({ "name": name, "password": password }),
        )
    }

    /// A request that must succeed.
    pub(crate) fn done(&mut self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.call(method, path, body);
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        answer
    }

    /// A request that must be refused with a code.
    pub(crate) fn refused(&mut self, method: &str, path: &str, body: Option<&Value>, code: &str) {
        let (status, answer) = self.call(method, path, body);
        assert!(status >= 400, "{method} {path}: {status} {answer}");
        assert_eq!(answer["code"], code, "{method} {path}: {answer}");
    }

    /// Sets up the first second factor and returns the generator of its codes, with the recovery codes.
    pub(crate) fn set_up_totp(&mut self, town: &Town) -> (Totp, Vec<String>) {
        let asked = self.done("POST", "/v1/me/totp", Some(&json!({})));
        let secret = Secret::try_from_base32(asked["secret"].as_str().unwrap()).unwrap();
        let uri = asked["uri"].as_str().unwrap();
        assert!(uri.starts_with("otpauth://totp/Xuncha"), "{uri}");
        let totp = Builder::new().with_secret(secret).build().unwrap();
        let confirm = json!({ "code": town.code_of(&totp), "password": PASSWORD });
        let view = self.done("POST", "/v1/me/totp", Some(&confirm));
        let codes = view["recovery_codes"].as_array().unwrap();
        let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
        (totp, codes.collect())
    }
}

impl Town {
    /// The code of a second factor by the town's clock.
    pub(crate) fn code_of(&self, totp: &Totp) -> String {
        let ms = self.clock.load(std::sync::atomic::Ordering::SeqCst);
        totp.generate(u64::try_from(ms / 1000).unwrap()).to_string()
    }

    /// The town's clock moves on.
    pub(crate) fn later(&self, ms: i64) {
        self.clock
            .fetch_add(ms, std::sync::atomic::Ordering::SeqCst);
    }

    /// One administrator of each class, signed in: system, security, audit.
    pub(crate) fn administrators(&self) -> [Browser; 3] {
        let people = &self.app().components.people;
        let console = Administrator::Console("test".to_owned());
        let codes = self.runtime.block_on(people.setup_codes(&console, None));
        let codes = codes.unwrap();
        let made = codes.iter().map(|one| {
            let login = format!("{}.1", one.class.name());
            let mut browser = Browser::new(self, "198.51.100.7");
            let body = json!({ "code": one.code, "login": login, "password": PASSWORD,
                "name": format!("管理员{}", one.class.name()), "organisation": "示范县大数据局" });
            browser.done("POST", "/v1/first-run", Some(&body));
            assert_eq!(browser.sign_in(&login, PASSWORD).0, 200);
            browser
        });
        made.collect::<Vec<_>>().try_into().ok().unwrap()
    }

    /// An account of a person of the world, with the password [`PASSWORD`] and a reviewing role; signed in.
    pub(crate) fn reviewer_account(
        &self,
        [system, security, _]: &mut [Browser; 3],
        name: &str,
        login: &str,
    ) -> Browser {
        let actor = self.world.actor(name).clone();
        let new = json!({ "login": login, "person": { "person": actor.person.to_string() } });
        let made = system.done("POST", "/v1/admin/accounts", Some(&new));
        let path = format!("/v1/admin/accounts/{}/assignments", actor.person);
        let role = json!({ "role": actor.role.name(), "area": actor.area.to_string() });
        security.done("POST", &path, Some(&role));
        let mut browser = Browser::new(self, "203.0.113.5");
        let code = made["code"].as_str().unwrap();
        let (status, view) = browser.sign_in(login, code);
        assert_eq!((status, &view["must_change_password"]), (200, &json!(true)));
        let change = json!({ "old": code, "new": PASSWORD });
        browser.done("POST", "/v1/me/password", Some(&change));
        browser
    }
}
