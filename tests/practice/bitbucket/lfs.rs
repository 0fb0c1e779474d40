//! Large file storage: batch, upload, download, all with the credential of the repository.

use super::super::codec::hex;
use super::super::git::{Place, Repos};
use super::super::http::{Request, Response};
use serde_json::{Value, json};

/// Answers a request that has been admitted. `base` is what `/{workspace}/…` is appended to.
pub fn answer(repos: &Repos, base: &str, request: &Request, place: &Place) -> Response {
    let rest = place.rest.strip_prefix("/info/lfs/").unwrap_or_default();
    match (request.method.as_str(), rest) {
        ("POST", "objects/batch") => batch(repos, base, request, place),
        (method, rest) => match rest.strip_prefix("objects/").filter(|oid| is_oid(oid)) {
            Some(oid) if method == "PUT" => upload(repos, request, place, oid),
            Some(oid) if method == "GET" => download(repos, place, oid),
            _ => failed(404, "Not Found"),
        },
    }
}

fn batch(repos: &Repos, base: &str, request: &Request, place: &Place) -> Response {
    let Ok(asked) = serde_json::from_slice::<Value>(&request.body) else { return failed(422, "no JSON") };
    let upload = asked["operation"] == "upload";
    let prefix = request.path.trim_end_matches("/batch");
    let object = |asked: &Value| {
        let oid = asked["oid"].as_str().unwrap_or_default();
        let here = is_oid(oid) && repos.large(place, oid).exists();
        let action = json!({"href": format!("{base}{prefix}/{oid}"), "expires_in": 600});
        let mut object = json!({"oid": oid, "size": asked["size"]});
        match (upload, here) {
            (true, false) => object["actions"] = json!({ "upload": action }),
            (false, true) => object["actions"] = json!({ "download": action }),
            (false, false) => object["error"] = json!({"code": 404, "message": "Object does not exist"}),
            (true, true) => {}
        }
        object
    };
    let objects: Vec<Value> = asked["objects"].as_array().into_iter().flatten().map(object).collect();
    typed(200, &json!({"transfer": "basic", "objects": objects}))
}

fn upload(repos: &Repos, request: &Request, place: &Place, oid: &str) -> Response {
    let digest = ring::digest::digest(&ring::digest::SHA256, &request.body);
    if hex(digest.as_ref()) != oid {
        return failed(422, "The content is not what its name says");
    }
    let file = repos.large(place, oid);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, &request.body).unwrap();
    Response::text(200, "")
}

fn download(repos: &Repos, place: &Place, oid: &str) -> Response {
    match std::fs::read(repos.large(place, oid)) {
        Ok(content) => Response::new(200, "application/octet-stream", content),
        Err(_) => failed(404, "Object does not exist"),
    }
}

fn is_oid(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|letter| letter.is_ascii_hexdigit())
}

fn failed(status: u16, message: &str) -> Response {
    typed(status, &json!({ "message": message }))
}

fn typed(status: u16, body: &Value) -> Response {
    Response::new(status, "application/vnd.git-lfs+json", body.to_string())
}
