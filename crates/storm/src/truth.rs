//! The true books: after every packet of the incremental feed, what a receiver that missed nothing would show.
//!
//! Never older than what somebody may still ask for.

use book::{Book, Level};
use sim::market::Generator;
use std::collections::VecDeque;
use std::rc::Rc;
use types::{MarketOrderId, Side, Ticks};

/// A book as it truly stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    /// The levels that are shown.
    levels: [Vec<Level>; 2],
    /// Every order: by price from the best, first in line first. Empty where orders are not shown.
    orders: [Vec<(Ticks, MarketOrderId, i64)>; 2],
}

/// After a packet, whose book is in the middle of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mid {
    Nobody,
    Of(usize),
    All,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Truth {
    /// The number of the first packet there was.
    first: u32,
    /// How many packets were sent.
    packets: usize,
    /// By packet from `forgotten` on.
    mid: VecDeque<Mid>,
    forgotten: usize,
    /// By product: after how many packets the book was what.
    pictures: Vec<VecDeque<(usize, Rc<Picture>)>>,
}

impl Truth {
    pub(crate) fn new(products: usize, first: u32) -> Self {
        let pictures = vec![VecDeque::from([(0, Rc::default())]); products];
        Self { first, packets: 0, mid: VecDeque::new(), forgotten: 0, pictures }
    }

    /// A packet was sent.
    pub(crate) fn packet(&mut self) {
        self.packets += 1;
        self.mid.push_back(Mid::Nobody);
    }

    pub(crate) const fn packets(&self) -> usize {
        self.packets
    }

    /// The packets since there were `from` are of one event, which changed these products to what stands now.
    pub(crate) fn ended(&mut self, from: usize, mid: Mid, generator: &Generator, by_order: bool) {
        if from == self.packets {
            return;
        }
        for packet in from..self.packets - 1 {
            self.mid[packet - self.forgotten] = mid;
        }
        for product in 0..self.pictures.len() {
            if mid == Mid::All || mid == Mid::Of(product) {
                let picture = Rc::new(picture(generator, product, by_order));
                self.pictures[product].push_back((self.packets, picture));
            }
        }
    }

    /// Every book is empty from here.
    pub(crate) fn emptied(&mut self) {
        let packets = self.packets;
        self.pictures.iter_mut().for_each(|pictures| pictures.push_back((packets, Rc::default())));
    }

    /// How many packets had been sent when the one of this number had.
    pub(crate) const fn through(&self, number: u32) -> usize {
        number.wrapping_sub(self.first) as usize + 1
    }

    /// The true book of a product after so many packets; `None` in the middle of an event of its.
    pub(crate) fn of(&self, product: usize, packets: usize) -> Option<&Rc<Picture>> {
        let last = packets.checked_sub(1);
        match last.map(|last| self.mid.get(last.wrapping_sub(self.forgotten))) {
            Some(Some(Mid::All) | None) => return None,
            Some(Some(Mid::Of(other))) if *other == product => return None,
            Some(Some(Mid::Of(_) | Mid::Nobody)) | None => {}
        }
        let pictures = &self.pictures[product];
        let after = pictures.partition_point(|(count, _)| *count <= packets);
        after.checked_sub(1).map(|at| &pictures[at].1)
    }

    /// Nobody asks for anything before so many packets any more.
    pub(crate) fn forget_before(&mut self, packets: usize) {
        let keep = packets.saturating_sub(1);
        while self.forgotten < keep && !self.mid.is_empty() {
            self.mid.pop_front();
            self.forgotten += 1;
        }
        for pictures in &mut self.pictures {
            while pictures.get(1).is_some_and(|(count, _)| *count <= keep) {
                pictures.pop_front();
            }
        }
    }
}

fn picture(generator: &Generator, product: usize, by_order: bool) -> Picture {
    let exchange = generator.exchange(product);
    let levels = Side::BOTH.map(|side| {
        let levels = exchange.levels(side).take(10);
        levels.map(|level| Level { price: level.price, size: level.size, orders: level.orders }).collect()
    });
    let orders = Side::BOTH.map(|side| {
        if !by_order {
            return Vec::new();
        }
        let queues = exchange.levels(side).flat_map(|level| exchange.queue(side, level.price));
        let wire = |id| MarketOrderId(Generator::wire_order(product, id));
        queues.map(|order| (order.price, wire(order.id), order.size.0)).collect()
    });
    Picture { levels, orders }
}

impl Picture {
    /// Whether a book is this one: every level, and every order where it knows them.
    pub(crate) fn is(&self, book: &Book) -> bool {
        Side::BOTH.iter().all(|&side| {
            let levels = &self.levels[side.index()];
            match book.by_order() {
                None => book.levels(side).eq(levels.iter().copied()),
                Some(orders) => {
                    let queues = book.levels(side).flat_map(|level| orders.queue(side, level.price));
                    let queues = queues.map(|(id, order)| (order.price, id, order.size.0));
                    book.levels(side).take(10).eq(levels.iter().copied())
                        && queues.eq(self.orders[side.index()].iter().copied())
                }
            }
        })
    }

    /// The first price at which a book differs, for people.
    pub(crate) fn difference(&self, book: &Book) -> String {
        for side in Side::BOTH {
            let levels = &self.levels[side.index()];
            let shown: Vec<Level> = book.levels(side).take(10).collect();
            let place = (0..levels.len().max(shown.len())).find(|&at| shown.get(at) != levels.get(at));
            if let Some(at) = place {
                return format!("{side} level {at} is {:?}, truly {:?}", shown.get(at), levels.get(at));
            }
        }
        if let Some(orders) = book.by_order() {
            for side in Side::BOTH {
                let truth = &self.orders[side.index()];
                let queues = book.levels(side).flat_map(|level| orders.queue(side, level.price));
                let shown: Vec<_> = queues.map(|(id, order)| (order.price, id, order.size.0)).collect();
                let place = (0..truth.len().max(shown.len())).find(|&at| shown.get(at) != truth.get(at));
                if let Some(at) = place {
                    return format!(
                        "{side} order {at} of {} is {:?}, truly {:?} of {}",
                        shown.len(),
                        shown.get(at),
                        truth.get(at),
                        truth.len()
                    );
                }
            }
        }
        "it is the same".into()
    }
}
