//! What the pages say, in every language, side by side: one table. `{host}` stands for the Bitbucket host.

use super::language::{LANGUAGES, Language};

/// One text of the pages; its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Account,
    RequestedBy,
    ValidUntil,
    Reason,
    SignedIn,
    GitCanGoOn,
    NotSignedIn,
    Failed,
    Cancelled,
    NoAccess,
    NoAccessGiven,
    AccessDeclined,
    OneMoreStep,
    ConsentComes,
    Continue,
    BackToTerminal,
    AnswerArrived,
    YourAccount,
    WillBeUsed,
    BothMine,
    No,
    CloseAfterSuccess,
    CloseAfterFailure,
}

impl Text {
    /// The text in this language.
    pub fn in_language(self, language: Language) -> &'static str {
        let column = LANGUAGES.iter().position(|(known, _)| *known == language).unwrap_or_default();
        TABLE.iter().find(|(text, _)| *text == self).map_or("", |(_, row)| row[column])
    }
}

/// English, German, French, Spanish, Portuguese (understood on both sides of the Atlantic), Japanese.
#[rustfmt::skip]
pub const TABLE: [(Text, [&str; LANGUAGES.len()]); 23] = [
    (Text::Account, [
        "Account", "Konto", "Compte", "Cuenta", "Conta", "アカウント",
    ]),
    (Text::RequestedBy, [
        "Requested by", "Angefordert von", "Demandé par", "Solicitado por", "Solicitado por", "要求元",
    ]),
    (Text::ValidUntil, [
        "Valid until", "Gültig bis", "Valable jusqu’au", "Válido hasta", "Válido até", "有効期限",
    ]),
    (Text::Reason, [
        "Reason", "Grund", "Motif", "Motivo", "Motivo", "理由",
    ]),
    (Text::SignedIn, [
        "Signed in", "Angemeldet", "Connexion réussie", "Sesión iniciada", "Sessão iniciada", "サインインしました",
    ]),
    (Text::GitCanGoOn, [
        "Git on this machine can now use Bitbucket.",
        "Git kann auf diesem Rechner jetzt Bitbucket verwenden.",
        "Git peut maintenant utiliser Bitbucket sur cet ordinateur.",
        "Git ya puede usar Bitbucket en este equipo.",
        "O Git já pode usar o Bitbucket neste computador.",
        "このコンピューターの Git から Bitbucket を利用できるようになりました。",
    ]),
    (Text::NotSignedIn, [
        "Not signed in", "Nicht angemeldet", "Connexion non effectuée", "Sesión no iniciada", "Sessão não iniciada",
        "サインインは完了していません",
    ]),
    (Text::Failed, [
        "The sign-in failed.",
        "Die Anmeldung ist fehlgeschlagen.",
        "La connexion a échoué.",
        "No se pudo iniciar sesión.",
        "Não foi possível iniciar a sessão.",
        "サインインに失敗しました。",
    ]),
    (Text::Cancelled, [
        "The sign-in was cancelled.",
        "Die Anmeldung wurde abgebrochen.",
        "La connexion a été annulée.",
        "Se canceló el inicio de sesión.",
        "O início de sessão foi cancelado.",
        "サインインはキャンセルされました。",
    ]),
    (Text::NoAccess, [
        "Signed in, but without access to Bitbucket",
        "Angemeldet, aber ohne Zugriff auf Bitbucket",
        "Connexion réussie, mais sans accès à Bitbucket",
        "Sesión iniciada, pero sin acceso a Bitbucket",
        "Sessão iniciada, mas sem acesso ao Bitbucket",
        "サインインしましたが、Bitbucket にはアクセスできません",
    ]),
    (Text::NoAccessGiven, [
        "Git did not get access to Bitbucket.",
        "Git hat keinen Zugriff auf Bitbucket erhalten.",
        "Git n’a pas obtenu l’accès à Bitbucket.",
        "Git no obtuvo acceso a Bitbucket.",
        "O Git não obteve acesso ao Bitbucket.",
        "Git に Bitbucket へのアクセスが許可されませんでした。",
    ]),
    (Text::AccessDeclined, [
        "Access was declined.",
        "Der Zugriff wurde abgelehnt.",
        "L’accès a été refusé.",
        "Se rechazó el acceso.",
        "O acesso foi recusado.",
        "アクセスは拒否されました。",
    ]),
    (Text::OneMoreStep, [
        "One more step", "Noch ein Schritt", "Encore une étape", "Un paso más", "Mais um passo", "あと 1 ステップです",
    ]),
    (Text::ConsentComes, [
        "Next, {host} asks for your consent.",
        "Als Nächstes bittet {host} um Ihre Zustimmung.",
        "{host} va maintenant vous demander votre accord.",
        "A continuación, {host} le pedirá su consentimiento.",
        "A seguir, {host} pedirá o seu consentimento.",
        "続いて {host} で同意を求められます。",
    ]),
    (Text::Continue, [
        "Continue", "Weiter", "Continuer", "Continuar", "Continuar", "続行",
    ]),
    (Text::BackToTerminal, [
        "Back to the terminal", "Zurück zum Terminal", "Retour au terminal", "Vuelva al terminal", "Volte ao terminal",
        "ターミナルに戻ってください",
    ]),
    (Text::AnswerArrived, [
        "The answer has arrived. The terminal says how it goes on.",
        "Die Antwort ist angekommen. Wie es weitergeht, steht im Terminal.",
        "La réponse est bien arrivée. La suite s’affiche dans le terminal.",
        "La respuesta ha llegado. El terminal indica cómo continuar.",
        "A resposta chegou. O terminal mostra como continuar.",
        "応答を受け取りました。続きはターミナルに表示されます。",
    ]),
    (Text::YourAccount, [
        "Is this your Bitbucket account?",
        "Ist das Ihr Bitbucket-Konto?",
        "Est-ce bien votre compte Bitbucket\u{a0}?",
        "¿Es esta su cuenta de Bitbucket?",
        "Esta é a sua conta do Bitbucket?",
        "これはあなたの Bitbucket アカウントですか？",
    ]),
    (Text::WillBeUsed, [
        "Git on this machine will use this Bitbucket account for as long as you are signed in with Microsoft.",
        "Git verwendet auf diesem Rechner dieses Bitbucket-Konto, solange Sie bei Microsoft angemeldet sind.",
        "Sur cet ordinateur, Git utilisera ce compte Bitbucket tant que votre session Microsoft sera ouverte.",
        "En este equipo, Git usará esta cuenta de Bitbucket mientras tenga iniciada la sesión de Microsoft.",
        "Neste computador, o Git usará esta conta do Bitbucket enquanto a sua sessão da Microsoft estiver ativa.",
        "Microsoft にサインインしている間、このコンピューターの Git はこの Bitbucket アカウントを使用します。",
    ]),
    (Text::BothMine, [
        "Yes, both are mine", "Ja, beide gehören mir", "Oui, les deux sont à moi", "Sí, ambas son mías",
        "Sim, ambas são minhas", "はい、どちらも自分のものです",
    ]),
    (Text::No, [
        "No", "Nein", "Non", "No", "Não", "いいえ",
    ]),
    (Text::CloseAfterSuccess, [
        "You can close this tab and go back to your work.",
        "Sie können diesen Tab schließen und weiterarbeiten.",
        "Vous pouvez fermer cet onglet et reprendre votre travail.",
        "Puede cerrar esta pestaña y seguir trabajando.",
        "Pode fechar esta página e continuar o seu trabalho.",
        "このタブを閉じて、作業に戻ってください。",
    ]),
    (Text::CloseAfterFailure, [
        "You can close this tab. The terminal says what to do next.",
        "Sie können diesen Tab schließen. Im Terminal steht, was als Nächstes zu tun ist.",
        "Vous pouvez fermer cet onglet. Le terminal indique la marche à suivre.",
        "Puede cerrar esta pestaña. El terminal indica qué hacer a continuación.",
        "Pode fechar esta página. O terminal mostra o que fazer a seguir.",
        "このタブは閉じてかまいません。次に行うことはターミナルに表示されています。",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_language_misses_a_text() {
        // The type of a row counts the languages; the last text of the list counts the rows.
        assert_eq!(TABLE.len(), Text::CloseAfterFailure as usize + 1);
        for (at, (text, row)) in TABLE.iter().enumerate() {
            assert_eq!(*text as usize, at, "{text:?} stands once, in its place");
            let holders = |cell: &str| cell.matches('{').count();
            for (cell, (language, _)) in row.iter().zip(LANGUAGES) {
                assert!(!cell.trim().is_empty() && cell.trim() == *cell, "{text:?} in {language:?}");
                assert_eq!(holders(cell), holders(row[0]), "{text:?} in {language:?}");
                assert_eq!(cell.matches("{host}").count(), holders(cell), "{text:?} in {language:?}");
                assert_eq!(text.in_language(language), *cell);
            }
        }
    }

    #[test]
    fn each_is_in_its_own_language() {
        let foreign = |c: char| ('\u{3040}'..='\u{9fff}').contains(&c);
        for (text, row) in TABLE {
            assert!(row[5].contains(foreign), "{text:?} is Japanese");
            assert!(row[..5].iter().all(|cell| !cell.contains(foreign)), "{text:?}");
            // Sentences differ everywhere; single words may be the same in two languages.
            let sentence = row[0].ends_with('.');
            assert!(!sentence || (1..5).all(|at| !row[..at].contains(&row[at])), "{text:?}");
        }
    }
}
