use super::*;
use crate::app::setup::admin::AdminError;

pub(super) fn tell(book: &mut Book) {
    book.fail("ci_count", &ci_count("two"));
    book.fail("migrate_unasked", &migrate_unasked(3));
    book.fail("migrate_declined", &migrate_declined());
    book.fail("migrate_left", &migrate_left(2));
    book.fail("admin Incomplete", &admin(&AdminError::Incomplete("entra.client_id")));
    book.fail("admin Invalid", &admin(&AdminError::Invalid("`tenant` must be a tenant".into())));
    book.fail("admin Differs", &admin(&AdminError::Differs("/srv/out/policy.toml".into())));
}
