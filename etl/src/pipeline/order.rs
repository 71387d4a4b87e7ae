//! In which order parts that need one another can be done.

/// An order of `0..n` in which each comes behind all that it needs, else a circle among them.
///
/// `needs[i]` are the parts that `i` needs. Of those that could be next, the first is.
/// O(n² + m) time, for n parts with m needs.
///
/// # Errors
///
/// The parts along one circle, each needed by the next; the last is the first.
pub(super) fn order(needs: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut done = vec![false; needs.len()];
    let mut order = Vec::with_capacity(needs.len());
    while order.len() < needs.len() {
        let next = (0..needs.len()).find(|&i| !done[i] && needs[i].iter().all(|&need| done[need]));
        match next {
            Some(i) => {
                done[i] = true;
                order.push(i);
            }
            None => return Err(circle(needs, &done)),
        }
    }
    Ok(order)
}

/// Follows needs that are not done until a part comes again.
fn circle(needs: &[Vec<usize>], done: &[bool]) -> Vec<usize> {
    let start = done.iter().position(|done| !done).expect("a part should be left");
    let mut path = vec![start];
    loop {
        let last = path[path.len() - 1];
        let need = needs[last].iter().copied().find(|&need| !done[need]);
        let need = need.expect("a part that cannot be next should need one that is left");
        if let Some(first) = path.iter().position(|&part| part == need) {
            path.drain(..first);
            path.push(need);
            // From needed to needing, as data flows.
            path.reverse();
            return path;
        }
        path.push(need);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn either_all_follow_their_needs_or_there_is_a_circle(
            needs in (1_usize..8).prop_flat_map(|n| {
                prop::collection::vec(prop::collection::vec(0..n, 0..3), n)
            })
        ) {
            match order(&needs) {
                Ok(order) => {
                    prop_assert_eq!(order.len(), needs.len());
                    for (at, &part) in order.iter().enumerate() {
                        prop_assert!(needs[part].iter().all(|need| order[..at].contains(need)));
                    }
                }
                Err(circle) => {
                    prop_assert!(2 <= circle.len() && circle.first() == circle.last());
                    prop_assert!(circle.windows(2).all(|two| needs[two[1]].contains(&two[0])));
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_file_is_kept_where_it_can_be() {
        assert_eq!(order(&[vec![], vec![0], vec![], vec![1, 2]]), Ok(vec![0, 1, 2, 3]));
        assert_eq!(order(&[vec![1], vec![]]), Ok(vec![1, 0]));
        assert_eq!(order(&[vec![0]]), Err(vec![0, 0]));
    }
}
