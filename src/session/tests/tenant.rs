use super::*;

fn error_with(change: impl FnOnce(&mut Value)) -> SessionError {
    let world = World::new([]);
    change(world.script.metadata.borrow_mut().as_mut().unwrap());
    discover(&world.entra()).unwrap_err()
}

#[test]
fn metadata_is_asked_for_once_a_day() {
    let world = World::new([]);
    let first = world.tenant();
    assert_eq!((first.tid.as_str(), first.issuer.as_str()), (TID, ISSUER));
    assert_eq!(world.tenant(), first);
    assert_eq!(world.count("openid-configuration"), 1);
    world.clock.sleep(Duration::from_secs(86_400));
    assert_eq!(world.tenant(), first);
    assert_eq!(world.count("openid-configuration"), 2);
}

#[test]
fn the_last_good_metadata_serves_while_entra_is_silent() {
    let world = World::new([]);
    let first = world.tenant();
    world.clock.sleep(Duration::from_secs(90_000));
    *world.script.offline.borrow_mut() = true;
    assert_eq!(world.tenant(), first);
    *world.script.offline.borrow_mut() = false;
    *world.script.metadata.borrow_mut() = Err(reply(400, &refused("invalid_tenant", 90002)));
    let error = discover(&world.entra()).unwrap_err();
    assert!(matches!(&error, SessionError::Refused(refusal) if refusal.action == Action::Configuration), "{error:?}");
}

#[test]
fn a_domain_gets_its_guid_from_the_issuer() {
    let mut world = World::new([]);
    world.profile.tenant = "contoso.example".into();
    assert_eq!(world.tenant().tid, TID);
    assert!(world.script.calls.borrow()[0].url.starts_with("https://login.example/contoso.example/v2.0/"));
}

#[test]
fn metadata_of_another_tenant_or_host_is_refused() {
    let other = "https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    let evil = format!("https://login.evil.example/{TID}/v2.0");
    for issuer in [other, &evil, "https://login.example/{tenantid}/v2.0", "https://login.example/x/v2.0"] {
        let error = error_with(|metadata| metadata["issuer"] = json!(issuer));
        assert!(matches!(error, SessionError::Metadata(_)), "{issuer}: {error:?}");
    }
    for name in ["authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "jwks_uri"] {
        for url in ["https://login.evil.example/x", "https://login.example:444/x", "http://login.example/x"] {
            let error = error_with(|metadata| metadata[name] = json!(url));
            assert!(matches!(error, SessionError::Metadata(_)), "{name}: {error:?}");
        }
    }
}

#[test]
fn what_is_no_metadata_is_not_kept() {
    let world = World::new([]);
    *world.script.metadata.borrow_mut() = Err(raw(200, &[("content-type", "text/html")], b"<html>log in to the wifi"));
    let error = discover(&world.entra()).unwrap_err();
    assert!(error.to_string().contains("captive portal"), "{error}");
    *world.script.metadata.borrow_mut() = Ok(metadata());
    assert_eq!(world.tenant().tid, TID);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_write_or_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new([]);
    world.tenant();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let kept = fs_err::read_dir(&world.cache).unwrap().next().unwrap().unwrap().path();
    assert_eq!((mode(&world.cache), mode(&kept)), (0o700, 0o600));
    std::fs::set_permissions(&kept, std::fs::Permissions::from_mode(0o666)).unwrap();
    world.tenant();
    assert_eq!(world.count("openid-configuration"), 2, "what others could have written is not believed");
}
