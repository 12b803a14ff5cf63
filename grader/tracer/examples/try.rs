use forklings_model::{Limits,Schedule,Strategy};
use forklings_tracer::*;
fn main() {
    let mut args = std::env::args().skip(1);
    let n: u64 = args.next().unwrap().parse().unwrap();
    let prog = args.next().unwrap();
    let limits = Limits::default();
    let s = Subject::new(prog, args.collect(), limits);
    let mut e = Explorer::launch(s).unwrap();
    let strategies = [Strategy::ParentFirst, Strategy::ChildFirst, Strategy::Random, Strategy::Pct{depth:3}];
    let t0 = std::time::Instant::now();
    let mut seen = std::collections::BTreeMap::new();
    for seed in 0..n {
        let sched = Schedule::new(strategies[(seed % 4) as usize], seed/4);
        let t = e.run(&sched).unwrap();
        if n <= 2 {
            for ev in &t.events { println!("{:3} {:6} {:?}", ev.seq, ev.task.to_string(), ev.kind); }
            println!("{:?}\n{}\n{}", t.end, String::from_utf8_lossy(&t.stdout), String::from_utf8_lossy(&t.stderr));
        }
        *seen.entry((format!("{:?}", t.end), t.left_open.len(), t.replayable)).or_insert(0) += 1;
    }
    for (k,v) in seen { println!("{v} x {k:?}"); }
    eprintln!("{:.3} ms each", t0.elapsed().as_secs_f64()*1e3/n as f64);
}
