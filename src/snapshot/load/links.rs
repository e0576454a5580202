//! What a file says about links beside what the rows say: the order of children and of listers, default targets.
//!
//! Where the relations of a table are those that were saved, what is said of them must hold. Where they have changed, or
//! rows break rules, what does not hold any more is passed over: it is an order, and there is one without it.

use std::io::Read;

use super::Loading;
use crate::id::key_from_parts;
use crate::index::links::{Link, no_target};
use crate::index::lists::Lists;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::sections::{Kind, LINK_ITEM, LISTER_ITEM, u32_at, u64_at};

impl<R: Read> Loading<'_, R> {
    pub(super) fn all_links(&mut self) -> Result<(), SnapshotError> {
        for (kind, table) in Kind::of_links(self.saved.tables.len()) {
            self.source.begin(kind, table);
            let read = match kind {
                Kind::Order => self.order(table),
                Kind::Listers => self.listers(table),
                _ => self.defaults(table),
            };
            read.map_err(|error| self.source.locate(error.of_table(kind, self.name(table))))?;
        }
        Ok(())
    }

    /// Lets each source named leave its target and join it again: in the end they are in the order of their naming,
    /// which cannot be anything but an order of those that are there.
    fn order(&mut self, table: usize) -> Result<(), SnapshotError> {
        let corrupt = |what| Err(SnapshotError::Corrupt { section: Kind::Order.to_string(), what });
        let matched = &self.matched[table];
        let is_strict = matched.is_same && self.holds;
        while let Some(block) = self.source.block_of(LINK_ITEM, Kind::Order)? {
            let Some(own) = matched.own else { continue };
            let links = &mut self.store.tables[own].index.links;
            for item in block.chunks_exact(LINK_ITEM) {
                let (saved, bits) = (u32_at(item, 0), u64_at(item, 4));
                let place = matched.relations.get(saved as usize).copied().flatten();
                let Some(link) = place.and_then(|place| links.get_mut(place)) else {
                    if is_strict {
                        return corrupt(format!("there is no relation at place {saved}"));
                    }
                    continue;
                };
                let source = key_from_parts(bits as u32, (bits >> 32) as u32);
                let target = source.map(|source| (source, link.target(source)));
                let Some((source, target)) = target.filter(|(_, target)| !no_target::is(*target)) else {
                    if is_strict {
                        return corrupt(format!("slot {} has no target", bits as u32));
                    }
                    continue;
                };
                link.leave(source);
                link.join(source, target);
            }
            // The holes that they have left would otherwise grow with the section.
            links.iter_mut().for_each(Link::close_up);
        }
        Ok(())
    }

    /// The same for those who list a row.
    fn listers(&mut self, table: usize) -> Result<(), SnapshotError> {
        let corrupt = |what| Err(SnapshotError::Corrupt { section: Kind::Listers.to_string(), what });
        let matched = &self.matched[table];
        let is_strict = matched.is_same && self.holds;
        while let Some(block) = self.source.block_of(LISTER_ITEM, Kind::Listers)? {
            let Some(own) = matched.own else { continue };
            let index = &mut self.store.tables[own].index;
            let links = index.links.len();
            for item in block.chunks_exact(LISTER_ITEM) {
                let (saved, target, bits) = (u32_at(item, 0), u32_at(item, 4), u64_at(item, 8));
                let place = matched.relations.get(saved as usize).copied().flatten();
                let list = place.and_then(|place| index.lists.get_mut(place.checked_sub(links)?));
                let Some(list) = list else {
                    if is_strict {
                        return corrupt(format!("there is no list of ids at place {saved}"));
                    }
                    continue;
                };
                let source = key_from_parts(bits as u32, (bits >> 32) as u32);
                if !source.is_some_and(|source| list.rejoin(source, target)) && is_strict {
                    return corrupt(format!("slot {} does not list slot {target}", bits as u32));
                }
            }
            index.lists.iter_mut().for_each(Lists::close_up);
        }
        Ok(())
    }

    /// Sets the default targets: at most one for a relation, which refers by id, in the order of the relations.
    fn defaults(&mut self, table: usize) -> Result<(), SnapshotError> {
        let corrupt = |what| Err(SnapshotError::Corrupt { section: Kind::Defaults.to_string(), what });
        let matched = &self.matched[table];
        let mut next = 0;
        while let Some(block) = self.source.block_of(LINK_ITEM, Kind::Defaults)? {
            let Some(own) = matched.own else { continue };
            for item in block.chunks_exact(LINK_ITEM) {
                let (saved, bits) = (u32_at(item, 0) as usize, u64_at(item, 4));
                if saved < next {
                    return corrupt(format!("the relation at place {saved} is not in its place"));
                }
                next = saved + 1;
                let place = matched.relations.get(saved).copied().flatten();
                let relations = &self.store.schema.tables[own].relations;
                let by_id = place.filter(|place| relations[*place].target_fields.is_empty() && !relations[*place].many);
                let Some(place) = by_id else {
                    if matched.is_same {
                        return corrupt(format!("no relation at place {saved} refers by id"));
                    }
                    continue;
                };
                let name = &relations[place].name;
                let rows = &self.store.tables[self.store.tables[own].targets[place] as usize].rows;
                let target = key_from_parts(bits as u32, (bits >> 32) as u32).filter(|key| rows.contains(*key));
                if target.is_none() && matched.is_same {
                    return corrupt(format!("`{name}`: no row is in slot {}", bits as u32));
                }
                self.store.tables[own].index.links[place].set_default_target(target);
            }
        }
        Ok(())
    }
}
