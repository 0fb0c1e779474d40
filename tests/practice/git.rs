//! Bare repositories, served by git's own `git http-backend`, and a git that obeys no settings of this machine.

use super::http::{Request, Response};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repositories of all practice servers: `{root}/{workspace}/{name}.git`.
#[derive(Clone, Debug)]
pub struct Repos {
    root: PathBuf,
    home: PathBuf,
    ca: PathBuf,
}

/// What a request for a repository wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// A request's path, taken apart: `/{workspace}/{name}.git{rest}`.
#[derive(Clone, Debug)]
pub struct Place {
    pub workspace: String,
    pub name: String,
    pub rest: String,
}

impl Repos {
    /// An empty shelf in `dir`.
    pub fn new(dir: &Path, ca: &Path) -> Self {
        let repos = Self { root: dir.join("repos"), home: dir.join("home"), ca: ca.to_owned() };
        std::fs::create_dir_all(&repos.root).unwrap();
        std::fs::create_dir_all(&repos.home).unwrap();
        repos
    }

    /// Makes a repository with one commit on `main` that holds `README`.
    pub fn create(&self, workspace: &str, name: &str) {
        let repo = self.path(workspace, name);
        let made = self.git(&self.home).args(["init", "-q", "--bare", "-b", "main"]).arg(&repo).status().unwrap();
        assert!(made.success());
        let config = std::fs::OpenOptions::new().append(true).open(repo.join("config"));
        config
            .unwrap()
            .write_all(
                b"[http]\n\treceivepack = true\n[gc]\n\tauto = 0\n[receive]\n\tautogc = \
            false\n",
            )
            .unwrap();
        let mut import = self.git(&repo).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
        import.stdin.take().unwrap().write_all(FIRST_COMMIT.as_bytes()).unwrap();
        assert!(import.wait().unwrap().success());
    }

    /// Where a repository lies.
    pub fn path(&self, workspace: &str, name: &str) -> PathBuf {
        self.root.join(workspace).join(format!("{name}.git"))
    }

    /// Where large files lie.
    pub(super) fn large(&self, place: &Place, oid: &str) -> PathBuf {
        self.root.join("lfs").join(&place.workspace).join(&place.name).join(oid)
    }

    /// Whether there is such a repository.
    pub fn has(&self, place: &Place) -> bool {
        self.path(&place.workspace, &place.name).join("HEAD").exists()
    }

    /// The names of a workspace's repositories.
    pub fn names(&self, workspace: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.join(workspace)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".git").map(str::to_owned));
        names.collect()
    }

    /// Gives a repository another name.
    pub fn rename(&self, workspace: &str, from: &str, to: &str) {
        std::fs::rename(self.path(workspace, from), self.path(workspace, to)).unwrap();
    }

    /// The commit that a branch of a repository points to; empty if there is none.
    pub fn head(&self, workspace: &str, name: &str, branch: &str) -> String {
        let mut git = self.git(&self.path(workspace, name));
        let output = git.args(["rev-parse", "--verify", "-q", branch]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// git in `dir` with a home, an authority and settings of its own, and no terminal to ask.
    pub fn git(&self, dir: &Path) -> Command {
        let mut git = Command::new("git");
        git.current_dir(dir).env_clear();
        for name in ["PATH", "TMPDIR", "SystemRoot", "LANG"] {
            git.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        git.env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join(".config"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_SSL_CAINFO", &self.ca)
            .env("GIT_AUTHOR_NAME", "Practice")
            .env("GIT_AUTHOR_EMAIL", "practice@contoso.example")
            .env("GIT_COMMITTER_NAME", "Practice")
            .env("GIT_COMMITTER_EMAIL", "practice@contoso.example");
        git
    }

    /// The home of [`Repos::git`].
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Answers a smart HTTP request by CGI.
    pub(super) fn serve(&self, request: &Request, place: &Place, user: &str) -> Response {
        let mut backend = self.git(&self.home);
        backend.arg("http-backend").env("GIT_PROJECT_ROOT", &self.root).env("GIT_HTTP_EXPORT_ALL", "1");
        let path = format!("/{}/{}.git{}", place.workspace, place.name, place.rest);
        backend.env("PATH_INFO", path).env("REQUEST_METHOD", &request.method).env("QUERY_STRING", &request.query);
        backend.env("REMOTE_USER", user).env("REMOTE_ADDR", "127.0.0.1");
        backend.env("CONTENT_LENGTH", request.body.len().to_string());
        let headers = [
            ("content-type", "CONTENT_TYPE"),
            ("content-encoding", "HTTP_CONTENT_ENCODING"),
            ("git-protocol", "GIT_PROTOCOL"),
        ];
        for (header, variable) in headers {
            backend.envs(request.header(header).map(|value| (variable, value)));
        }
        let mut child = backend.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let body = request.body.clone();
        // In a thread of its own: the backend may answer before it has read everything.
        let writer = std::thread::spawn(move || drop(input.write_all(&body)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        from_cgi(&output.stdout)
    }
}

impl Place {
    /// Takes a path apart. The workspace is lower-cased: Data Center writes project keys in capitals.
    pub fn read(path: &str) -> Option<Self> {
        let (head, rest) = match path.split_once(".git/") {
            Some((head, rest)) => (head, format!("/{rest}")),
            None => (path.strip_suffix(".git")?, String::new()),
        };
        let (workspace, name) = head.strip_prefix('/')?.split_once('/')?;
        let plain = |part: &str| {
            let letters = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte));
            letters && !part.is_empty() && !part.starts_with('.')
        };
        let fits = plain(workspace) && plain(name) && !rest.contains("..");
        fits.then(|| Self { workspace: workspace.to_lowercase(), name: name.to_owned(), rest })
    }

    /// `workspace/name`.
    pub fn slug(&self) -> String {
        format!("{}/{}", self.workspace, self.name)
    }

    /// What the request wants of the repository.
    pub fn access(&self, request: &Request) -> Access {
        let writes = self.rest == "/git-receive-pack"
            || request.query.contains("service=git-receive-pack")
            || request.method == "PUT"
            || self.rest == "/info/lfs/objects/batch" && String::from_utf8_lossy(&request.body).contains("\"upload\"");
        if writes { Access::Write } else { Access::Read }
    }

    /// Whether the request belongs to large file storage.
    pub fn is_large(&self) -> bool {
        self.rest.starts_with("/info/lfs/")
    }
}

fn from_cgi(output: &[u8]) -> Response {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else { return Response::text(500, "the backend gave no answer") };
    let mut response = Response { status: 200, headers: Vec::new(), body: output[end + 4..].to_vec() };
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if name.eq_ignore_ascii_case("status") {
            response.status = value.split(' ').next().and_then(|status| status.parse().ok()).unwrap_or(500);
        } else {
            response.headers.push((name.into(), value.into()));
        }
    }
    response
}

const FIRST_COMMIT: &str = "commit refs/heads/main\ncommitter Practice <practice@contoso.example> 1767225600 +0000\n\
                            data 6\nBegin\nM 100644 inline README\ndata 16\nPractice makes.\n\n";
