"""Microsoft's own clients as judges: azure-identity, msal and the helper ask the same practice services for the same
thing. What came of it, and what the services were asked, must be the same; where it is not, the reason stands below.

    judges.py HELPER SERVICES    (started by judges.sh, in a mount namespace of its own)
"""

import base64, contextlib, datetime, json, logging, os, re, shutil, subprocess, sys, tempfile, threading
import urllib.parse

HELPER, SERVICES = map(os.path.abspath, sys.argv[1:])
ARC = os.environ["JUDGES_DIRECTORY"]
# Proxies, certificates and identities of the machine that this runs on.
FOREIGN = re.compile("PROXY|CA_BUNDLE|SSL_CERT|^AZURE_|^MSI_|^IDENTITY_|^IMDS_|^BITBUCKET_|^CI$|^ACTIONS_|^GITLAB_|^SYSTEM_", re.I)
for name in [name for name in os.environ if FOREIGN.search(name)]:
    del os.environ[name]

import msal, requests  # noqa: E402
from azure import identity  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: E402

logging.disable(logging.CRITICAL)

OTHER = "77777777-2222-4333-8444-555555555555"
THIRD = "88888888-2222-4333-8444-555555555555"
AUDIENCE = "api://AzureADTokenExchange"
SUBJECT = "repo:acme/app:ref:refs/heads/main"
KEYS = {  # ours: azure-identity's
    "managed_client_id": "client_id",
    "managed_object_id": "object_id",
    "managed_resource_id": "resource_id",
}
CAUSES = [
    ("several", r"Multiple user assigned identities|\[identity-several\]"),
    ("not assigned", r"Identity not found|ManagedIdentityNotFound|found for specified|did not confirm|\[identity-not-assigned\]"),
    ("thumbprint", r"thumbprint|\[identity-thumbprint\]"),
    ("challenge", r"key file|\.key'|4KB|\[arc-challenge\]"),
    ("audience", r"AADSTS700212|\[identity-audience\]"),
    ("subject", r"AADSTS700213"),
    ("time", r"AADSTS700024|\[identity-token-time\]"),
    ("no service", r"JSONDecode|Expecting value|not json|Unexpected|no response|authentication unavailable.$|\[identity-service-foreign\]"),
]


class Services:
    """The practice services, and what they were asked."""

    def __init__(self):
        self.process = subprocess.Popen([SERVICES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.__dict__.update(json.loads(self.process.stdout.readline()))
        self.order(arc={"directory": ARC})

    def order(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def asked(self):
        """The requests of one client, without what differs from call to call, and whose token the broker was shown."""
        journal = self.order(journal=True, clear=True)["journal"]
        shown = [entry["form"].get("subject_token") for entry in journal if entry["server"] == "broker"]
        requests = [comparable(entry) for entry in journal if entry["server"] == "platform" or "/token" in entry["path"]
                    and entry["server"] == "entra"]
        return requests, shown

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def comparable(entry):
    query = dict(urllib.parse.parse_qsl(entry["query"]))
    if "object_id" in query and entry["path"] == "/msi/token":
        query["principal_id"] = query.pop("object_id")  # App Service: two names of one parameter
    names = ["metadata", "x-identity-header", "secret", "authorization", "x-forwarded-for"]
    headers = {name: entry["headers"][name] for name in names if name in entry["headers"]}
    wanted = ["resource", "client_id", "grant_type", "scope", "client_assertion_type", "client_assertion"]
    form = {name: entry["form"][name] for name in wanted if name in entry["form"]}
    if "client_assertion" in form:
        form["client_assertion"] = statement(form["client_assertion"])
    return {"method": entry["method"], "path": entry["path"], "query": query, "headers": headers, "form": form}


def statement(jwt):
    """Another issuer's token as it is; of one's own, what it says and how it is signed."""
    header, claims = parts(jwt)
    if claims["iss"] != claims["sub"]:
        return f"...{jwt[-20:]}"
    life = round(claims["exp"] - claims.get("iat", claims.get("nbf", 0)))
    same = {name: claims[name] for name in ("iss", "sub", "aud")}
    # azure-identity still signs as one once did (RS256, SHA-1); msal pads the thumbprint. Entra takes all of it.
    signed = {"RS256": "x5t", "PS256": "x5t#S256"}[header["alg"]]
    return {**same, "life": life, "jti": bool(claims["jti"]), "typ": header["typ"], "names its certificate": signed in header}


def parts(jwt):
    decoded = (base64.urlsafe_b64decode(part + "==") for part in jwt.split(".")[:2])
    return [json.loads(part) for part in decoded]


def granted(token):
    claims = parts(token)[1]
    return f"token of {claims.get('appid') or claims.get('azp')} for {claims['aud']}"


def failed(text):
    return next((cause for cause, pattern in CAUSES if re.search(pattern, text, re.I)), f"unknown: {text}")


def by_msal(services, case):
    if case.kind == "managed":
        if "cloud-shell" in case.name:
            return None  # its address is built in
        given = {KEYS[key]: value for key, value in case.named.items()}
        who = msal.UserAssignedManagedIdentity(**given) if given else msal.SystemAssignedManagedIdentity()
        client = msal.ManagedIdentityClient(who, http_client=requests.Session())
        answer = client.acquire_token_for_client(resource=services.resource)
    else:
        if "proxy" in case.name:
            return None  # it knows none
        proof = {"certificate": lambda: {"private_key_pfx_path": case.files["pfx"], "passphrase": "horse"}}
        proof = proof.get(case.kind, lambda: {"client_assertion": lambda: case.token})()
        client = msal.ConfidentialClientApplication(
            services.client_id, proof, f"{services.authority}/{services.tenant}", instance_discovery=False)
        answer = client.acquire_token_for_client([services.resource + "/.default"])
    return granted(answer["access_token"]) if "access_token" in answer else failed(str(answer))


def by_azure_identity(services, case):
    common = {"authority": services.authority, "disable_instance_discovery": True}
    if case.kind == "managed":
        given = {KEYS[key]: value for key, value in case.named.items()}
        client_id = given.pop("client_id", None)
        credential = identity.ManagedIdentityCredential(client_id=client_id, identity_config=given or None)
    elif case.kind == "workload":
        credential = identity.WorkloadIdentityCredential(
            tenant_id=services.tenant, client_id=services.client_id, token_file_path=case.files["token"],
            enable_azure_proxy="proxy" in case.name, **common)
    elif case.kind == "gitlab":
        credential = identity.ClientAssertionCredential(
            services.tenant, services.client_id, lambda: case.token, **common)
    else:
        credential = identity.CertificateCredential(
            services.tenant, services.client_id, case.files["pem"], password=b"horse", **common)
    with credential:
        return granted(credential.get_token(services.resource + "/.default").token)


def by_helper(services, case):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory, tempfile.TemporaryDirectory() as home:
        entra = {"identity": case.identity, "tenant": services.tenant, "client_id": services.client_id,
                 "authority": services.authority, **case.named, **case.settings}
        lines = [f"{name} = {json.dumps(value)}" for name, value in entra.items()]
        folder = os.path.join(home, ".config/bitbucket-sso")
        os.makedirs(folder)
        with open(os.path.join(folder, "config.toml"), "w") as file:
            file.write("\n".join(["[entra]", *lines, "[network]", f"ca_file = '{services.ca_file}'", services.host_toml]))
        url = urllib.parse.urlparse(services.host)
        request = f"protocol=https\nhost={url.netloc}\npath={url.path.strip('/')}\n\n"
        environment = {**case.variables, "HOME": home, "XDG_RUNTIME_DIR": memory, "PATH": os.environ["PATH"]}
        return subprocess.run([HELPER, "get"], input=request, env=environment, capture_output=True, text=True)


class Case:
    """One question. `expected` is what all must say; `stricter`: what the helper never sends."""

    def __init__(self, name, expected, kind="managed", identity=None, variables=None, named=None, before=None,
                 settings=None, token=None, files=None, stricter=False):
        self.name, self.expected, self.kind, self.stricter = name, expected, kind, stricter
        self.identity = identity or {"managed": "managed-identity"}.get(kind, kind)
        self.variables, self.named, self.before = variables or {}, named or {}, before or {}
        self.settings, self.token, self.files = settings or {}, token, files or {}


def judged(services, case):
    """Whether all agree; says how, or what each did."""
    said, asked = {}, {}
    with variables({**case.variables, "REQUESTS_CA_BUNDLE": services.ca_file}):
        for name, client in (("msal", by_msal), ("azure-identity", by_azure_identity)):
            services.order(**case.before)
            try:
                said[name] = client(services, case)
            except Exception as error:  # whatever a client makes of it
                said[name] = failed(f"{type(error).__name__}: {error}")
            asked[name], _ = services.asked()
            if said[name] is None:
                del said[name], asked[name]
    services.order(**case.before)
    output = by_helper(services, case)
    asked["helper"], shown = services.asked()
    said["helper"] = granted(shown[0]) if "password=" in output.stdout and shown else failed(output.stdout + output.stderr)
    return verdict(case, said, asked)


def verdict(case, said, asked):
    ours = asked.pop("helper")
    # A token is for the application, whichever of its names the tokens say.
    answers = set(said.values())
    agreed = len(answers) == 1 and answers.pop().split(" for ")[0] == case.expected
    # Judges repeat some failures; each different request counts once.
    fits = [once(theirs) == once(ours) or (case.stricter and not ours) for theirs in asked.values()]
    agreed &= all(fits) and len(once(ours)) == len(ours)
    print(f"{'agree' if agreed else 'DISAGREE'}: {case.name}: {case.expected} ({', '.join(said)}; {len(ours)} requests)", flush=True)
    if not agreed:
        print(json.dumps({"said": said, "helper asked": ours, "others asked": asked}, indent=1))
    return agreed


def once(requests):
    kept = []
    for request in requests:
        if request not in kept:
            kept.append(request)
    return kept


@contextlib.contextmanager
def variables(more):
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def managed(services):
    own = services.client_id

    def token(who=own):
        return f"token of {who}"

    of = services.variables
    two = [{"client_id": own, "system": True}, {"client_id": OTHER, "system": False}]
    nobody = [{"client_id": OTHER, "system": False}, {"client_id": THIRD, "system": False}]
    ids = {"managed_client_id": OTHER, "managed_object_id": f"0b1e{OTHER[:4]}{OTHER[8:]}",
           "managed_resource_id": f"/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/{OTHER}"}
    for platform in ("imds", "app-service", "arc", "service-fabric", "cloud-shell", "azure-ml"):
        yield Case(f"{platform}, the machine's own", token(), variables=of[platform])
    for platform in ("imds", "app-service", "arc"):
        for key, value in ids.items():
            yield Case(f"{platform} by {key}", token(OTHER), variables=of[platform], named={key: value}, before={"assigned": two})
    yield Case("azure-ml by managed_client_id", token(OTHER), variables=of["azure-ml"],
               named={"managed_client_id": OTHER}, before={"assigned": two})
    yield Case("imds, several and none named", "several", variables=of["imds"], before={"assigned": nobody})
    one = [{"client_id": own, "system": True}]
    for platform in ("imds", "app-service", "arc"):
        yield Case(f"{platform}, not assigned", "not assigned", variables=of[platform],
                   named={"managed_client_id": OTHER}, before={"assigned": one})
    yield Case("arc, an old agent that knows one identity", "not assigned", variables=of["arc"],
               named={"managed_client_id": OTHER}, before={"assigned": one, "arc": {"directory": ARC, "old": True}})
    yield Case("service-fabric, no identity", "not assigned", variables=of["service-fabric"],
               before={"assigned": [], "arc": {"directory": ARC}})
    wrong = {**of["service-fabric"], "IDENTITY_SERVER_THUMBPRINT": "00" * 20}
    yield Case("service-fabric, another certificate", "thumbprint", variables=wrong, before={"assigned": one})
    yield Case("imds, HTML instead of JSON", "no service", variables=of["imds"],
               before={"trouble": {"times": 9, "status": 200, "body": "<html>"}})
    outside, large = os.path.join(os.path.dirname(ARC), "outside.key"), os.path.join(ARC, "large.key")
    for path, size in ((outside, 40), (large, 4097)):
        with open(path, "w") as file:
            file.write("k" * size)
    for name, path in (("outside its directory", outside), ("too large", large)):
        yield Case(f"arc, a key {name}", "challenge", variables=of["arc"], before={"arc": {"directory": ARC, "file": path}})


def federated(services, scratch):
    token = f"token of {services.client_id}"
    services.order(arc={"directory": ARC})

    def pod(name, expected, audience=AUDIENCE, subject=SUBJECT, shift=0, kind="workload", more=None, **rest):
        services.order(job={"subject": subject, "shift": shift})
        jwt = services.order(token=audience)["token"]
        path = os.path.join(scratch, "token")
        with open(path, "w") as file:
            file.write(jwt)
        variable = {"AZURE_FEDERATED_TOKEN_FILE": path} if kind == "workload" else {"GITLAB_OIDC_TOKEN": jwt}
        return Case(name, expected, kind=kind, token=jwt, files={"token": path}, variables={**variable, **(more or {})}, **rest)

    yield pod("workload identity", token)
    yield pod("workload identity, another subject", "subject", subject="repo:evil/app:pull_request")
    yield pod("workload identity, another audience", "audience", audience="https://github.com/acme", stricter=True)
    yield pod("workload identity, an old token", "time", shift=-7200, stricter=True)
    yield pod("client assertion", token, kind="gitlab")
    yield pod("client assertion, another subject", "subject", subject="project_path:evil/app", kind="gitlab")
    proxy = {"AZURE_KUBERNETES_TOKEN_PROXY": services.authority.replace("localhost", "127.0.0.1"),
             "AZURE_KUBERNETES_SNI_NAME": "localhost", "AZURE_KUBERNETES_CA_FILE": services.ca_file}
    yield pod("workload identity, a cluster's token proxy", token, more=proxy)
    files = certificate(services, scratch)
    settings = {"certificate_file": files["pfx"], "certificate_password_file": files["password"]}
    yield Case("certificate", token, kind="certificate", files=files, settings=settings)


def certificate(services, scratch):
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "robot")])
    now = datetime.datetime.now(datetime.timezone.utc)
    own = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    own = own.serial_number(4711).not_valid_before(now - datetime.timedelta(days=1))
    own = own.not_valid_after(now + datetime.timedelta(days=30)).sign(key, hashes.SHA256())
    form, sealed = serialization.Encoding, serialization.BestAvailableEncryption(b"horse")
    pem = key.private_bytes(form.PEM, serialization.PrivateFormat.PKCS8, sealed) + own.public_bytes(form.PEM)
    contents = {
        "der": own.public_bytes(form.DER), "pem": pem, "password": b"horse\n",
        "public": key.public_key().public_bytes(form.DER, serialization.PublicFormat.PKCS1),
        "pfx": pkcs12.serialize_key_and_certificates(b"robot", key, own, None, sealed),
    }
    files = {name: os.path.join(scratch, f"robot.{name}") for name in contents}
    for name, path in files.items():
        with open(path, "wb") as file:
            file.write(contents[name])
    services.order(certificate={"der": files["der"], "public": files["public"]})
    return files


def patience(verdicts):
    """410, then a token: azure-identity tries again, and so does the helper, after ten seconds; msal leaves it to others."""
    services = Services()
    trouble = {"trouble": {"times": 1, "status": 410, "body": "{}"}, "clear": True}
    case = Case("imds, 410 and then a token", f"token of {services.client_id}",
                variables=services.variables["imds"])
    services.order(**trouble)
    output = by_helper(services, case)
    asked, shown = services.asked()
    verdicts.append((services, case, trouble, granted(shown[0]) if shown else failed(output.stderr), asked))


def main():
    scratch = tempfile.mkdtemp()
    waited = []
    slow = threading.Thread(target=patience, args=(waited,))
    slow.start()
    services = Services()
    verdicts = [judged(services, case) for case in managed(services)]
    services.end()
    services = Services()
    verdicts += [judged(services, case) for case in federated(services, scratch)]
    services.end()
    slow.join()
    services, case, trouble, said, ours = waited[0]
    services.order(**trouble)
    with variables(case.variables):
        theirs = by_azure_identity(services, case)
    asked, _ = services.asked()
    services.end()
    # Twice the same request is what this is about.
    agreed = said == theirs and said.startswith(case.expected) and ours == asked and len(ours) == 2
    print(f"{'agree' if agreed else 'DISAGREE'}: {case.name}: {said}; {theirs}; {len(ours)} and {len(asked)} requests")
    verdicts.append(agreed)
    shutil.rmtree(scratch)
    print(f"{sum(verdicts)} of {len(verdicts)} cases agree")
    sys.exit(not all(verdicts))


main()
