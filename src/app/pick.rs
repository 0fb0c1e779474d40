//! Which of the configured hosts a command is about.

use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::basis::failure::Failure;
use crate::basis::url::WebUrl;

/// All hosts, or the named one, grouped by account; workloads sign nobody in and are left out.
pub fn accounts<'a>(world: &'a World, host: Option<&str>) -> Result<Vec<Vec<Wanted<'a>>>, Failure> {
    let mut accounts: Vec<Vec<Wanted<'a>>> = Vec::new();
    for wanted in hosts(world, host)? {
        match accounts.iter_mut().find(|known| known.iter().any(|other| other.account == wanted.account)) {
            Some(known) => known.push(wanted),
            None => accounts.push(vec![wanted]),
        }
    }
    Ok(accounts)
}

/// All hosts, or the named one.
pub fn hosts<'a>(world: &'a World, host: Option<&str>) -> Result<Vec<Wanted<'a>>, Failure> {
    let settings = &world.loaded.settings;
    let asked = host.map(|text| text.parse::<WebUrl>().map_err(|error| words::not_a_host(text, &error))).transpose()?;
    let chosen = settings.hosts.iter().filter(|host| asked.as_ref().is_none_or(|asked| host.url == *asked));
    let found: Vec<_> = chosen.filter_map(|host| Some(Wanted::new(settings.profile(host)?, host, None))).collect();
    match (found.is_empty(), asked) {
        (false, _) => Ok(found),
        (true, Some(asked)) => Err(words::unknown_host(world, &asked)),
        (true, None) => Err(words::no_hosts()),
    }
}
