use rivals::day::{Day, Scale};
use rivals::hft::{self, Depth};
use rivals::orders::{differences};
use rivals::ours;
use rivals::workload::{Queue, WORKLOADS};
use hftbacktest::backtest::data::Data;
use runtime::source::Progress;
use testkit::data::recorded;

#[test]
fn look() {
    for workload in WORKLOADS {
        let Some(path) = recorded(workload.file) else { return };
        for queue in Queue::ALL {
            let day = Day::open(&path, &workload, queue).expect("readable");
            let ours = ours::run(&day, &workload, day.prepared.feed(&Progress::default()).unwrap()).unwrap();
            for scale in [Scale::STEPS, Scale::of(&workload)] {
                let events = day.for_hftbacktest(scale).unwrap();
                let theirs = hft::run(Data::from_data(&events), &workload, queue, Depth::Hash, scale).unwrap();
                let different = differences(&ours.orders, &theirs.orders);
                println!("{} {queue:?} {scale:?}: ours {:?} theirs {:?} events {} {} differ {} fees {} {}", workload.name, ours.tally(), theirs.tally(), ours.events, theirs.events, different.len(), ours.fees, theirs.fees);
                for (our, their) in different.iter().take(3) {
                    println!("   {our:?}\n   {their:?}");
                }
            }
        }
    }
}
