//! The fault switches (facts/entra.md 12.3). Trouble of the line is in `weather`.

use std::collections::HashMap;

/// Whom a fault meets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    Everyone,
    /// By user principal name.
    User(String),
    /// By client id.
    App(String),
}

macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident = $name:literal,)*) => {
        /// What Entra can be told to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault { $($(#[$doc])* $fault,)* }

        impl Fault {
            /// By its name in the facts.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$fault),)* _ => None }
            }

            /// All names, for the control page.
            pub const NAMES: &[&str] = &[$($name),*];
        }
    };
}

faults! {
    /// Refresh: 50076 with claims; cleared by a sign-in that carries them.
    MfaRequired = "mfa_required",
    /// The same with 50079.
    MfaEnrol = "mfa_enrol",
    /// 53003: a page, and `invalid_grant` at refresh.
    CaBlock = "ca_block",
    /// Only a browser with `x-emul-device: compliant` (header or cookie) may sign in; refresh: 530003.
    DeviceRequired = "device_required",
    /// The device page shows 53003 and the poll stays pending.
    BlockDeviceCode = "block_device_code",
    /// The poll answers 53003.
    BlockDeviceCodeOnPoll = "block_device_code_on_poll",
    /// 65001 at the token endpoint; cleared by an interactive sign-in.
    ConsentMissing = "consent_missing",
    /// 90094 on the redirect.
    AdminConsent = "admin_consent",
    /// The person closes the page.
    UserCancel = "user_cancel",
    /// The account is disabled: 50057.
    Disabled = "user_disabled",
    /// The account is gone: 50034.
    Deleted = "deleted",
    /// All refresh tokens so far: 50173.
    Revoked = "revoked",
    /// All refresh tokens so far: 50133.
    PasswordChanged = "pw_changed",
    /// All refresh tokens so far: 700082.
    Inactive = "rt_inactive",
    /// All refresh tokens so far: 70043.
    SignInFrequency = "sif",
    /// 50105.
    NotAssigned = "not_assigned",
    /// Refresh: 530084; a sign-in does not help.
    TokenProtection = "token_protection",
    /// 90002.
    WrongTenant = "wrong_tenant",
    /// 50020, a page.
    GuestMissing = "guest_missing",
    /// 400 `temporarily_unavailable` 90055.
    Busy = "busy",
    /// 400 `invalid_grant` 50196.
    LoopDetected = "loop_detected",
    /// Refresh token 4 KB, access token 12 KB, code 2 KB.
    BigTokens = "big_tokens",
    /// Signs with a key that the key set shows only from its next reading on.
    NewKid = "new_kid",
    /// `/devicecode` answers an error with status 200.
    ErrorOn200 = "err_on_200",
    /// All numbers are texts.
    Strings = "strings",
    /// The redirect carries another `state`.
    StateMangle = "state_mangle",
    /// The redirect goes to another path.
    WrongPath = "wrong_path",
    /// The scripted browser delivers the redirect twice.
    DoubleRedirect = "double_redirect",
    /// The scripted browser asks for `/favicon.ico` first.
    Favicon = "favicon",
    /// The scripted browser delivers by GET what it should POST, then POSTs.
    GetForPost = "get_for_post",
    /// The scripted browser opens a connection and says nothing for a while, then delivers.
    SlowLoris = "slow_loris",
    /// The scripted browser first POSTs more than 64 KiB.
    HugeBody = "huge_body",
    /// 90038 at the token endpoint.
    CloudRedirect = "cloud_redirect",
    /// The redirect names another cloud's host.
    CloudInstance = "cloud_instance_host_name",
    /// `_claim_names` in the ID token.
    GroupsOverage = "groups_overage",
    /// Entra's clock is off by so many seconds (`value`, default 600).
    ClockSkew = "clock_skew",
    /// The refresh answer holds no refresh token.
    NoNewRefreshToken = "no_new_refresh_token",
    /// Poll: 70020 at once.
    DeviceExpired = "device_expired",
}

/// The switches that are on.
#[derive(Debug, Default)]
pub struct Faults(HashMap<(Fault, Target), Setting>);

#[derive(Clone, Copy, Debug)]
struct Setting {
    times: Option<u32>,
    value: i64,
}

impl Faults {
    /// Switches on, for so many meetings or until switched off.
    pub fn on(&mut self, fault: Fault, target: Target, times: Option<u32>, value: i64) {
        self.0.insert((fault, target), Setting { times, value });
    }

    /// Switches off.
    pub fn off(&mut self, fault: Fault, target: &Target) {
        self.0.remove(&(fault, target.clone()));
    }

    /// Switches everything off.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The value of a fault that meets this user and client now; counts the meeting.
    pub fn meet(&mut self, fault: Fault, user: Option<&str>, app: &str) -> Option<i64> {
        let user = user.map(|user| Target::User(user.to_lowercase()));
        let targets = [Some(Target::Everyone), user, Some(Target::App(app.to_owned()))];
        let hit = targets.into_iter().flatten().find(|target| self.0.contains_key(&(fault, target.clone())))?;
        let setting = self.0.get_mut(&(fault, hit.clone()))?;
        let value = setting.value;
        setting.times = setting.times.map(|times| times.saturating_sub(1));
        if setting.times == Some(0) {
            self.0.remove(&(fault, hit));
        }
        Some(value)
    }
}
