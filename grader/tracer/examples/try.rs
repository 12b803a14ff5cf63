use forklings_model::{EventKind, Limits, Schedule, Strategy};
use forklings_tracer::*;
fn main() {
    let mut args = std::env::args().skip(1);
    let n: u64 = args.next().unwrap().parse().unwrap();
    let prog = args.next().unwrap();
    let s = Subject::new(prog, args.collect(), Limits::default());
    let mut e = Explorer::launch(s).unwrap();
    let strategies =
        [Strategy::ParentFirst, Strategy::ChildFirst, Strategy::Random, Strategy::Pct { depth: 3 }];
    let t0 = std::time::Instant::now();
    let mut seen = std::collections::BTreeMap::new();
    let same = std::env::var("SAME").is_ok();
    let mut first = None;
    for seed in 0..n {
        let sched = if same {
            Schedule::new(Strategy::Random, 42)
        } else {
            Schedule::new(strategies[(seed % 4) as usize], seed / 4)
        };
        let t = e.run(&sched).unwrap();
        if n <= 2 {
            for ev in &t.events {
                match &ev.kind {
                    EventKind::Read(r) | EventKind::Write(r) => println!(
                        "{:3} {:6} io {} {:?} {:?}",
                        ev.seq,
                        ev.task.to_string(),
                        r.fd,
                        r.result,
                        String::from_utf8_lossy(&r.bytes[..r.bytes.len().min(40)])
                    ),
                    k => println!("{:3} {:6} {:?}", ev.seq, ev.task.to_string(), k),
                }
            }
            println!(
                "{:?} {:?}\n{}\n{}",
                t.end,
                t.left_open,
                String::from_utf8_lossy(&t.stdout),
                String::from_utf8_lossy(&t.stderr)
            );
        }
        *seen
            .entry((format!("{:?}", t.end), t.left_open.len(), t.replayable, t.unmodelled.clone()))
            .or_insert(0) += 1;
        if same {
            match &first {
                None => first = Some(t),
                Some(f) => assert_eq!(f, &t),
            }
        }
    }
    for (k, v) in seen {
        println!("{v} x {k:?}");
    }
    eprintln!(
        "{:.3} ms each, decisions {:?}",
        t0.elapsed().as_secs_f64() * 1e3 / n as f64,
        first.map(|t| t.schedule.decisions.len())
    );
}
