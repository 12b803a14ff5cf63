//! No guard is `Send`. Were one, there would be two traits to choose from, and this would not
//! compile: "type annotations needed" means that a guard can be sent.

use locks::{Guard, RGuard, RobustGuard};

trait NotSend<A> {
    fn holds() {}
}

struct Sent;

impl<T> NotSend<()> for T {}
impl<T: Send> NotSend<Sent> for T {}

fn main() {
    <Guard<'static, u32> as NotSend<_>>::holds();
    <RGuard<'static, u32> as NotSend<_>>::holds();
    <RobustGuard<'static, u32> as NotSend<_>>::holds();
}
