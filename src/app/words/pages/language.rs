//! Which of our languages a browser asks for (RFC 9110 section 12.5.4).

/// A language that the pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    German,
    French,
    Spanish,
    Portuguese,
    Japanese,
}

/// All of them with their tags (BCP 47), in the order of the table of texts.
pub const LANGUAGES: [(Language, &str); 6] = [
    (Language::English, "en"),
    (Language::German, "de"),
    (Language::French, "fr"),
    (Language::Spanish, "es"),
    (Language::Portuguese, "pt"),
    (Language::Japanese, "ja"),
];

impl Language {
    /// The one that suits an `Accept-Language` header best: the highest weight, the earlier of two equals; a region
    /// or script that we do not know falls back to its language. English where nothing suits.
    pub fn accepted(header: &str) -> Self {
        let mut wishes: Vec<_> = header.split(',').take(MOST).filter_map(wish).collect();
        wishes.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let unwanted = |tag: &str| wishes.iter().any(|(wish, weight)| *weight == 0 && wish.eq_ignore_ascii_case(tag));
        let suits = |(wish, weight): &(&str, u16)| {
            let language = wish.split('-').next().unwrap_or_default();
            let ours = |tag: &str| if language == "*" { !unwanted(tag) } else { language.eq_ignore_ascii_case(tag) };
            LANGUAGES.iter().find(|(_, tag)| *weight > 0 && ours(tag)).map(|(language, _)| *language)
        };
        wishes.iter().find_map(suits).unwrap_or_default()
    }

    /// Its tag, for the attribute `lang`.
    pub fn tag(self) -> &'static str {
        LANGUAGES.iter().find(|(language, _)| *language == self).map_or("en", |(_, tag)| tag)
    }
}

/// One range with its weight in thousandths; a weight that is none voids its range.
fn wish(item: &str) -> Option<(&str, u16)> {
    let (range, parameters) = item.split_once(';').unwrap_or((item, ""));
    let range = Some(range.trim()).filter(|range| !range.is_empty())?;
    let Some((name, value)) = parameters.split_once('=') else {
        return parameters.trim().is_empty().then_some((range, 1000));
    };
    (name.trim().eq_ignore_ascii_case("q")).then(|| thousandths(value.trim()))?.map(|weight| (range, weight))
}

/// `0.8` as 800: at most three decimals, at most one.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || !matches!(whole, "0" | "1") {
        return None;
    }
    let weight: u16 = format!("{whole}{decimals:0<3}").parse().ok()?;
    (weight <= 1000).then_some(weight)
}

/// Nobody speaks more.
const MOST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_wish_wins_and_regions_fall_back() {
        for (header, want) in [
            ("", "en"),
            ("de", "de"),
            ("pt-BR", "pt"),
            ("pt-PT,pt;q=0.9,en;q=0.8", "pt"),
            ("ja-JP-u-ca-japanese", "ja"),
            ("DE-at", "de"),
            ("zh-Hant-TW, fr-CA;q=0.5, es;q=0.7", "es"),
            ("en;q=0.1, fr;q=0.2, de;q=0.2", "fr"),
            ("it, nl", "en"),
            ("fr;q=0, de;q=0.001", "de"),
            ("fr ; q = 0.3 , es;q=0.2", "fr"),
            ("*", "en"),
            ("en;q=0, *;q=0.5", "de"),
            ("da, *;q=0.1, ja;q=0.05", "en"),
        ] {
            assert_eq!(Language::accepted(header).tag(), want, "{header}");
        }
    }

    #[test]
    fn nonsense_is_no_wish() {
        for header in
            ["de;q=2", "de;q=1.5", "de;q=-1", "de;q=0.1234", "de;q=x", "de;x=1", ";q=1", ",,,", "d\u{e9}", "deu"]
        {
            assert_eq!(Language::accepted(header), Language::English, "{header}");
        }
        assert_eq!(Language::accepted(&format!("{}de", "x,".repeat(40))), Language::English, "the rest is not read");
    }
}
