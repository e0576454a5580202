//! bevy_ecs: rows are entities, foreign keys are relationships, whose hooks keep the list of the sources on the target
//! and take a relationship away that names no entity.

use bevy_ecs::prelude::{Component, Entity, QueryState, World};
use bevy_ecs::relationship::RelationshipTarget;

use crate::suite::data::{CustomerDetails, Flat, FlatLine, LineDetails, OrderDetails};
use crate::workload::{Engine, is_discounted, weight};

#[derive(Component)]
struct Nation(u32);

#[derive(Component)]
struct Customer(#[expect(dead_code, reason = "part of the row")] CustomerDetails);

#[derive(Component)]
struct Order(OrderDetails);

#[derive(Component)]
struct Line {
    #[expect(dead_code, reason = "part of the row")]
    part: u32,
    #[expect(dead_code, reason = "part of the row")]
    supplier: u32,
    details: LineDetails,
}

#[derive(Component)]
#[relationship(relationship_target = Customers)]
struct InNation(Entity);
#[derive(Component)]
#[relationship_target(relationship = InNation)]
struct Customers(Vec<Entity>);

#[derive(Component)]
#[relationship(relationship_target = Orders)]
struct ByCustomer(Entity);
#[derive(Component)]
#[relationship_target(relationship = ByCustomer)]
struct Orders(Vec<Entity>);

#[derive(Component)]
#[relationship(relationship_target = Lines)]
struct InOrder(Entity);
#[derive(Component)]
#[relationship_target(relationship = InOrder)]
struct Lines(Vec<Entity>);

pub(crate) struct Ecs {
    world: World,
    orders: Vec<Entity>,
    lines: Vec<Entity>,
    every_line: QueryState<(&'static Line, &'static InOrder)>,
    line_row: QueryState<&'static Line>,
    order_of_line: QueryState<&'static InOrder>,
    order_row: QueryState<&'static Order>,
    customer_of_order: QueryState<&'static ByCustomer>,
    nation_of_customer: QueryState<&'static InNation>,
    nation_row: QueryState<&'static Nation>,
    lines_of_order: QueryState<&'static Lines>,
}

impl Engine for Ecs {
    type Key = Entity;

    fn load(flat: &Flat) -> Self {
        let mut world = World::new();
        let nations: Vec<Entity> = world.spawn_batch((0..flat.nations as u32).map(Nation)).collect();
        let customers =
            flat.customers.iter().map(|row| (Customer(row.details), InNation(nations[row.nation as usize])));
        let customers: Vec<Entity> = world.spawn_batch(customers.collect::<Vec<_>>()).collect();
        let orders = flat.orders.iter().map(|row| (Order(row.details), ByCustomer(customers[row.customer as usize])));
        let orders: Vec<Entity> = world.spawn_batch(orders.collect::<Vec<_>>()).collect();
        let line = |row: &FlatLine| {
            let line = Line { part: row.part, supplier: row.supplier, details: row.details };
            (line, InOrder(orders[row.order as usize]))
        };
        let lines: Vec<Entity> = world.spawn_batch(flat.lines.iter().map(line).collect::<Vec<_>>()).collect();
        Ecs {
            every_line: world.query(),
            line_row: world.query(),
            order_of_line: world.query(),
            order_row: world.query(),
            customer_of_order: world.query(),
            nation_of_customer: world.query(),
            nation_row: world.query(),
            lines_of_order: world.query(),
            world,
            orders,
            lines,
        }
    }

    fn keys(&self, places: &[u32]) -> Vec<Entity> {
        places.iter().map(|place| self.lines[*place as usize]).collect()
    }

    fn order_totals_by_key(&self, keys: &[Entity]) -> i64 {
        let (lines, orders) = (self.order_of_line.query_manual(&self.world), self.order_row.query_manual(&self.world));
        let order = |line: &Entity| lines.get(*line).expect("every line has an order").0;
        keys.iter().map(|line| orders.get(order(line)).expect("it is there").0.total_price_cents).sum()
    }

    fn order_totals(&self) -> i64 {
        let orders = self.order_row.query_manual(&self.world);
        let order = |line: (&Line, &InOrder)| orders.get(line.1.0).expect("every order is there").0.total_price_cents;
        self.every_line.query_manual(&self.world).iter().map(order).sum()
    }

    fn revenue_by_nation(&self, nations: usize) -> Vec<i64> {
        let mut revenue = vec![0; nations];
        let customer_of_order = self.customer_of_order.query_manual(&self.world);
        let nation_of_customer = self.nation_of_customer.query_manual(&self.world);
        let nation_row = self.nation_row.query_manual(&self.world);
        for (line, order) in &self.every_line.query_manual(&self.world) {
            let customer = customer_of_order.get(order.0).expect("it has a customer").0;
            let nation = nation_of_customer.get(customer).expect("it has a nation").0;
            let nation = nation_row.get(nation).expect("it is there").0;
            revenue[nation as usize] += line.details.extended_price_cents;
        }
        revenue
    }

    fn prices_of_orders(&self) -> i64 {
        let lines_of_order = self.lines_of_order.query_manual(&self.world);
        let line_row = self.line_row.query_manual(&self.world);
        let mut sum = 0;
        for (order, place) in self.orders.iter().zip(0..) {
            // An order without lines has no list.
            let Ok(lines) = lines_of_order.get(*order) else { continue };
            let price = |line| line_row.get(line).expect("it is there").details.extended_price_cents;
            sum += weight(place) * lines.iter().map(price).sum::<i64>();
        }
        sum
    }

    fn delete_each(&mut self, keys: &[Entity]) -> Option<()> {
        for line in keys {
            assert!(self.world.despawn(*line), "the line is there");
        }
        Some(())
    }

    fn prices(&self) -> i64 {
        self.line_row.query_manual(&self.world).iter().map(|line| line.details.extended_price_cents).sum()
    }

    fn discounts(&self) -> i64 {
        let lines = self.line_row.query_manual(&self.world);
        let details = lines.iter().map(|line| &line.details);
        let discounted = details.filter(|line| is_discounted(line.ship_day, line.discount_percent, line.quantity));
        discounted.map(|line| line.extended_price_cents * line.discount_percent).sum()
    }
}
