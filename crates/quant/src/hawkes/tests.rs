use super::*;
use stdx::Prng;

/// Two kinds, two decays: the first excites both, the second mostly itself.
fn known() -> Hawkes {
    let branching = vec![0.2, 0.15, 0.05, 0.0, 0.1, 0.2, 0.3, 0.1];
    Hawkes::new(vec![0.4, 0.3], vec![1.0, 20.0], branching).expect("a process")
}

fn busy() -> Steps {
    Steps { width: 2_000.0, factors: vec![1.5, 0.5, 1.0] }
}

#[test]
fn the_recursion_is_the_double_sum() {
    let process = known();
    let events = process.simulate(200.0, &busy(), 10_000, &mut Prng::new(3));
    let (mut logs, horizon) = (0.0, 200.0);
    let mut integral: f64 = process.base.iter().map(|base| base * busy().integral(horizon)).sum();
    for (i, event) in events.iter().enumerate() {
        let mut rate = process.base[event.kind] * busy().at(event.at).0;
        for past in &events[..i] {
            for (m, decay) in process.decays.iter().enumerate() {
                let a = process.branching[event.kind * 4 + past.kind * 2 + m];
                rate += a * decay * f64::exp(-decay * (event.at - past.at));
            }
        }
        logs += rate.ln();
        for child in 0..2 {
            for (m, decay) in process.decays.iter().enumerate() {
                let a = process.branching[child * 4 + event.kind * 2 + m];
                integral += a * (1.0 - f64::exp(-decay * (horizon - event.at)));
            }
        }
    }
    let found = process.log_likelihood(&events, horizon, &busy());
    assert!((found - (logs - integral)).abs() < 1e-8, "{found} is not {}", logs - integral);
}

#[test]
fn a_fit_finds_what_made_the_events() {
    let (process, horizon) = (known(), 20_000.0);
    let events = process.simulate(horizon, &busy(), 1_000_000, &mut Prng::new(11));
    let settings = Settings { decays: vec![1.0, 20.0], ..Settings::default() };
    let fit = fit(&[(&events, horizon)], 2, &busy(), &settings);
    for kind in 0..2 {
        let (found, true_base) = (fit.process.base()[kind], process.base()[kind]);
        assert!((found - true_base).abs() < 0.05, "base {kind}: {found} is not {true_base}");
        for parent in 0..2 {
            let (found, made) = (fit.process.children(kind, parent), process.children(kind, parent));
            assert!((found - made).abs() < 0.04, "children {kind} of {parent}: {found} is not {made}");
        }
    }
    let made = process.log_likelihood(&events, horizon, &busy());
    // The summit lies above where the truth lies, by half of a χ² of ten.
    assert!(fit.log_likelihood >= made && fit.log_likelihood < made + 15.0, "{} {made}", fit.log_likelihood);
    assert!(fit.log_likelihood > fit.log_likelihood_poisson + 1_000.0);
    assert_eq!(fit.ratio_untempered, None);
}

#[test]
fn residuals_are_exponential_under_the_truth_and_not_without_memory() {
    let (process, horizon) = (known(), 20_000.0);
    let events = process.simulate(horizon, &busy(), 1_000_000, &mut Prng::new(5));
    let memoryless =
        fit(&[(&events, horizon)], 2, &busy(), &Settings { decays: vec![], ..Settings::default() });
    for kind in 0..2 {
        let right = agreement(&process.residuals(&events, &busy())[kind]).expect("events");
        assert!(right.p_value > 0.01 && (right.mean - 1.0).abs() < 0.03, "{right:?}");
        let wrong = agreement(&memoryless.process.residuals(&events, &busy())[kind]).expect("events");
        assert!(wrong.p_value < 1e-6, "{wrong:?}");
    }
}

#[test]
fn rates_and_radius_are_those_of_the_children_s_matrix() {
    let process = known();
    // numpy: A = [[.35, .05], [.3, .4]]; max(eigvals) and solve(I - A, mu).
    let (radius, rates) = (0.5, [0.68, 0.84]);
    assert!((process.spectral_radius() - radius).abs() < 1e-9, "{}", process.spectral_radius());
    for (found, known) in process.mean_rates().expect("it settles").iter().zip(rates) {
        assert!((found - known).abs() < 1e-9, "{found} is not {known}");
    }
    assert_eq!(process.tempered(2.5).mean_rates(), None);
}

#[test]
fn what_explodes_is_tempered_and_keeps_its_rates() {
    let process = Hawkes::new(vec![0.05], vec![2.0], vec![0.97]).expect("a process");
    let events = process.simulate(10_000.0, &Steps::even(), 1_000_000, &mut Prng::new(2));
    let settings = Settings { decays: vec![2.0], ratio_max: 0.8, ..Settings::default() };
    let fit = fit(&[(&events, 10_000.0)], 1, &Steps::even(), &settings);
    assert!(fit.ratio_untempered.expect("too much") > 0.9);
    assert!((fit.process.spectral_radius() - 0.8).abs() < 1e-9);
    let rate = fit.process.mean_rates().expect("stationary")[0];
    let recorded = float(events.len()) / 10_000.0;
    assert!((rate / recorded - 1.0).abs() < 0.02, "{rate} is not {recorded}");
}

#[test]
fn numbers_that_make_no_process_are_refused() {
    let cases = [
        (vec![], vec![1.0], vec![], Unsound::Lengths),
        (vec![1.0], vec![1.0], vec![], Unsound::Lengths),
        (vec![1.0], vec![0.0], vec![0.1], Unsound::Values),
        (vec![-1.0], vec![1.0], vec![0.1], Unsound::Values),
        (vec![1.0], vec![1.0], vec![f64::NAN], Unsound::Values),
    ];
    for (base, decays, branching, why) in cases {
        assert_eq!(Hawkes::new(base, decays, branching), Err(why));
    }
}
