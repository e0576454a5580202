//! The same small schema declared by the derive and by hand: behaviour R44.

use relata::{Database, Error, Id};
use serde::{Deserialize, Serialize};

mod derived {
    use super::{Deserialize, Id, Serialize};
    use relata::Model;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(has_many(orders: Order, via = customer))]
    pub(super) struct Customer {
        pub(super) name: String,
        #[model(primary_key)]
        pub(super) email: String,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Order {
        #[model(belongs_to, on_delete = cascade)]
        pub(super) customer_id: Id<Customer>,
        #[model(belongs_to(Customer), name = payer)]
        pub(super) payer_email: Option<String>,
        pub(super) total_cents: u64,
    }
}

/// What the derive writes, written by a person: the traits, and a constant for each relation and key.
mod written {
    use super::{Deserialize, Id, Serialize};
    use relata::{
        Action, BelongsTo, By, ById, ByKey, Column, Editable, HasMany, HasPrimaryKey, KeyOf, KeyRef, Model, Navigate,
        Optional, Relation, Required, RowRef, Unique, Visitor,
    };

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Customer {
        pub(super) name: String,
        pub(super) email: String,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Order {
        pub(super) customer_id: Id<Customer>,
        pub(super) payer_email: Option<String>,
        pub(super) total_cents: u64,
    }

    #[derive(Clone, Copy)]
    pub(super) struct CustomerByEmail;

    impl Unique for CustomerByEmail {
        type Model = Customer;
        type Key = (String,);
        const FIELDS: &'static [&'static str] = &["email"];
        const INDEX: usize = 0;

        fn key(row: &Customer) -> Option<(&String,)> {
            Some((&row.email,))
        }
    }

    #[derive(Clone, Copy)]
    pub(super) struct OrderCustomer;

    impl Relation for OrderCustomer {
        type Source = Order;
        type Target = Customer;
        type Presence = Required;
        type Reference = ById<Customer>;
        const NAME: &'static str = "customer";
        const FIELDS: &'static [&'static str] = &["customer_id"];
        const INDEX: usize = 0;
        const ON_DELETE: Action = Action::Cascade;

        fn key(row: &Order) -> Option<Id<Customer>> {
            Some(row.customer_id)
        }
        fn assign(row: &mut Order, key: Option<Id<Customer>>) {
            if let Some(key) = key {
                row.customer_id = key;
            }
        }
    }

    #[derive(Clone, Copy)]
    pub(super) struct OrderPayer;

    impl Relation for OrderPayer {
        type Source = Order;
        type Target = Customer;
        type Presence = Optional;
        type Reference = ByKey<CustomerByEmail>;
        const NAME: &'static str = "payer";
        const FIELDS: &'static [&'static str] = &["payer_email"];
        const INDEX: usize = 1;

        fn key(row: &Order) -> Option<KeyRef<'_, Self>> {
            Some((row.payer_email.as_ref()?,))
        }
        fn assign(row: &mut Order, key: Option<KeyOf<Self>>) {
            row.payer_email = key;
        }
    }

    impl Customer {
        pub(super) const BY_EMAIL: By<CustomerByEmail> = By::new();
        pub(super) const ORDERS: HasMany<OrderCustomer> = HasMany::new();
    }

    impl Order {
        pub(super) const CUSTOMER: BelongsTo<OrderCustomer> = BelongsTo::new();
        pub(super) const PAYER: BelongsTo<OrderPayer> = BelongsTo::new();
    }

    impl Model for Customer {
        const NAME: &'static str = "Customer";
        const COLUMNS: &'static [Column] = &[
            Column { name: "name", external_name: "name", type_name: "String" },
            Column { name: "email", external_name: "email", type_name: "String" },
        ];
        const PRIMARY_KEY: Option<usize> = Some(0);

        fn declare<V: Visitor<Self>>(visitor: &mut V) {
            visitor.unique::<CustomerByEmail>();
            visitor.has_many::<OrderCustomer>("orders");
        }
    }

    impl HasPrimaryKey for Customer {
        type PrimaryKey = CustomerByEmail;
    }

    impl Model for Order {
        const NAME: &'static str = "Order";
        const COLUMNS: &'static [Column] = &[
            Column { name: "customer_id", external_name: "customer_id", type_name: "Id<Customer>" },
            Column { name: "payer_email", external_name: "payer_email", type_name: "Option<String>" },
            Column { name: "total_cents", external_name: "total_cents", type_name: "u64" },
        ];

        fn declare<V: Visitor<Self>>(visitor: &mut V) {
            visitor.belongs_to::<OrderCustomer>();
            visitor.belongs_to::<OrderPayer>();
        }
    }

    /// The fields of an order that are in no key.
    pub(super) struct OrderMut<'a> {
        pub(super) total_cents: &'a mut u64,
    }

    impl Editable for Order {
        type Mut<'a> = OrderMut<'a>;

        fn lend(&mut self) -> OrderMut<'_> {
            OrderMut { total_cents: &mut self.total_cents }
        }
    }

    impl Navigate for Customer {
        type Row<'a> = RowRef<'a, Self>;
    }

    impl Navigate for Order {
        type Row<'a> = RowRef<'a, Self>;
    }
}

/// One history on the models of a module: every answer and every refusal, as text.
macro_rules! history {
    ($models:ident) => {{
        use $models::{Customer, Order};

        fn history() -> Result<Vec<String>, Error> {
            let mut db = Database::builder().model::<Customer>().model::<Order>().build()?;
            let mut log = vec![format!("{:#?}", db.schema()), db.schema().to_mermaid()];
            let thor = db.insert(Customer { name: "Thor".into(), email: "thor@asgard".into() })?;
            let loki = db.insert(Customer { name: "Loki".into(), email: "loki@asgard".into() })?;
            let order = |customer_id: Id<Customer>, payer: Option<&str>| Order {
                customer_id,
                payer_email: payer.map(str::to_owned),
                total_cents: 500,
            };
            let hammer = db.insert(order(thor, Some("loki@asgard")))?;
            let shield = db.insert(order(thor, None))?;
            log.push(format!("{:?}", db.insert(Customer { name: String::new(), email: "thor@asgard".into() })));
            log.push(format!("{:?}", db.insert(order(Id::null(), None))));
            log.push(format!("{:?}", db.insert(order(thor, Some("nobody")))));
            log.push(format!("{:?}", db.find(Customer::BY_EMAIL, "loki@asgard")?));
            log.push(format!("{:?}", db.related(hammer, Order::CUSTOMER)?));
            log.push(format!("{:?}", db.related(hammer, Order::PAYER)?));
            log.push(format!("{:?}", db.related(shield, Order::PAYER)?));
            *db.get_mut(hammer)?.total_cents += 1;
            log.push(format!("{:?}", db.relate(shield, Order::PAYER, loki)));
            log.push(format!("{:?}", db.update(shield, |order| order.customer_id = loki)));
            log.push(format!("{:?}", db.children(thor, Customer::ORDERS)?.collect::<Vec<_>>()));
            log.push(format!("{:?}", db.unrelate(hammer, Order::PAYER)));
            log.push(format!("{:?}", db.delete(loki)));
            log.push(format!("{:?}", db.delete(thor)));
            log.push(format!("{:?}", db.iter::<Order>().collect::<Vec<_>>()));
            log.push(format!("{:?}", db.check()));
            Ok(log)
        }
        history().unwrap()
    }};
}

// behaviour R44: "Relations are declared on the struct (derive) or by implementing the trait by hand, as LoopBack has
// both ways".
#[test]
fn behaves_as_if_derived() {
    let (derived, by_hand) = (history!(derived), history!(written));
    assert_eq!(by_hand, derived);
    // The history is one of answers and of refusals.
    assert!(derived.iter().any(|line| line.contains("UniqueViolation")));
    assert!(derived.iter().any(|line| line.contains("ForeignKeyViolation")));
    assert!(derived.iter().any(|line| line.contains("erDiagram")));
}
