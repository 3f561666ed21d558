//! Less risk, the nearer a fall from the peak comes to the one that must not be exceeded.
//!
//! Capital above the floor is all that may be lost, so a rule's shares are taken of that cushion instead of the whole:
//! `x = f·(W - aM)` with M the highest capital so far and `a` the share of it to keep (Grossman & Zhou, Optimal investment
//! strategies for controlling drawdowns, Mathematical Finance 3(3), 1993). With Kelly's `f` nothing that keeps the floor
//! grows faster, and it grows `1 - a` times as fast as Kelly (Cvitanić & Karatzas, On portfolio optimization under
//! "drawdown" constraints, IMA Volumes 65, 1995).

/// What share of its own size a rule may have: `1 - a·M/W`, from `1 - a` at the peak to nothing at the floor, where it
/// stays. Nothing, too, when the numbers make no sense.
#[must_use]
pub fn share(capital: f64, peak: f64, kept: f64) -> f64 {
    let is_sound = capital > 0.0 && peak >= capital && peak.is_finite() && (0.0..=1.0).contains(&kept);
    if is_sound { (1.0 - kept * peak / capital).max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::{Prng, math};

    #[test]
    fn the_cushion_shrinks_to_nothing() {
        let check = |capital: f64, peak: f64, kept: f64, due: f64| {
            let seen = share(capital, peak, kept);
            assert!((seen - due).abs() < 1e-15, "{capital} {peak} {kept}: {seen} is not {due}");
        };
        check(100.0, 100.0, 0.8, 0.2);
        check(90.0, 100.0, 0.8, 1.0 - 80.0 / 90.0);
        check(80.0, 100.0, 0.8, 0.0);
        check(70.0, 100.0, 0.8, 0.0);
        check(70.0, 100.0, 0.0, 1.0);
        for nonsense in
            [(0.0, 1.0, 0.5), (-1.0, 1.0, 0.5), (2.0, 1.0, 0.5), (1.0, 1.0, 1.5), (f64::NAN, 1.0, 0.5)]
        {
            check(nonsense.0, nonsense.1, nonsense.2, 0.0);
        }
    }

    /// The Azéma-Yor transform: capital is `M·(a + (1 - a)·N/N*)` with `M = (N*)^(1 - a)`, where N is what Kelly's shares
    /// alone would have and N* its peak. In small steps the rule must come out there, and never below the floor.
    #[test]
    fn small_steps_come_out_at_the_closed_form() {
        let (kept, kelly, deviation, mean) = (0.8, 2.0, 0.000_5, 0.000_000_5);
        let mut prng = Prng::new(1_993);
        let [mut free, mut free_peak, mut capital, mut peak] = [1.0_f64; 4];
        for _ in 0..200_000 {
            let gain = mean + deviation * prng.normal();
            capital *= 1.0 + kelly * share(capital, peak, kept) * gain;
            peak = peak.max(capital);
            free *= 1.0 + kelly * gain;
            free_peak = free_peak.max(free);
            assert!(capital >= kept * peak, "{capital} of {peak}");
        }
        let due = math::pow(free_peak, 1.0 - kept) * (kept + (1.0 - kept) * free / free_peak);
        assert!((capital / due - 1.0).abs() < 2e-3, "{capital} is not {due}");
        assert!(free_peak > 1.05, "{free_peak}: else nothing was tested");
    }
}
