//! The wholesaler: text keys, a composite key, a row that refers to a later one, optional hops.

use std::collections::BTreeMap;

use relata::{Database, Error, Id};
use relata_real_data::northwind::{
    Customer, CustomerDemographic, Employee, Northwind, OrderDetail, Product, Region, Territory,
};
use relata_real_data::{DataSet, LoadError, load};

use crate::every_set::northwind::db;

#[test]
fn an_employee_reports_to_a_later_row() -> Result<(), Error> {
    let (nancy, _) = db().find(Employee::BY_EMPLOYEE_ID, &1)?;
    let manager = db().row(nancy)?.manager()?.expect("Nancy has a manager");
    assert_eq!(manager.last_name, "Fuller");
    let place = |id: Id<Employee>| db().iter::<Employee>().position(|(other, _)| other == id);
    assert!(place(nancy) < place(manager.id()));

    let below = db().related(manager.id(), Employee::REPORTS.recursive())?;
    let below: Vec<(usize, &str)> = below.map(|(depth, _, employee)| (depth, employee.last_name.as_str())).collect();
    let expected = [
        (1, "Davolio"),
        (1, "Leverling"),
        (1, "Peacock"),
        (1, "Buchanan"),
        (1, "Callahan"),
        (2, "Suyama"),
        (2, "King"),
        (2, "Dodsworth"),
    ];
    assert_eq!(below, expected);
    Ok(())
}

// behaviour I9: "within one, rows may refer to rows that come later in it"
#[test]
fn the_same_employees_one_by_one_are_refused() -> Result<(), LoadError> {
    let mut db = Northwind::builder().build()?;
    let (_, nancy) = self::db().find(Employee::BY_EMPLOYEE_ID, &1)?;
    let refusal = db.insert(nancy.clone()).unwrap_err();
    assert_eq!(refusal.to_string(), "`employees`.manager: no `employees` with employee_id = 2: no row has this key");
    assert_eq!(load::<Employee>(&mut db, Northwind::FOLDER, "employees")?, 9);
    Ok(())
}

#[test]
fn a_table_before_its_target_is_refused_with_the_line_of_every_row() {
    let mut db = Northwind::builder().build().expect("the models fit together");
    let error = load::<Territory>(&mut db, Northwind::FOLDER, "territories").expect_err("there are no regions");
    let LoadError::Refused { path, rows: 53, violations } = error else { panic!("{error}") };
    assert!(path.ends_with("northwind/territories.csv"));
    assert!(violations.iter().map(|violation| violation.line).eq(2..=54));
    assert_eq!(
        violations[52].to_string(),
        "line 54: `territories`.region: no `region` with region_id = 2: no row has this key"
    );
    assert_eq!((db.len::<Territory>(), db.check()), (0, Ok(())));
}

#[test]
fn quantities_by_category_are_two_hops_away() -> Result<(), Error> {
    let lines: Vec<Id<OrderDetail>> = db().iter::<OrderDetail>().map(|(id, _)| id).collect();
    let mut quantities: BTreeMap<&str, u32> = BTreeMap::new();
    for pair in db().include(&lines, OrderDetail::PRODUCT.then(Product::CATEGORY)) {
        let (line, category) = pair?;
        let name = category.map_or("none", |category| category.category_name.as_str());
        *quantities.entry(name).or_default() += db().get(line)?.quantity;
    }
    let expected = [
        ("Beverages", 9532),
        ("Condiments", 5298),
        ("Confections", 7906),
        ("Dairy Products", 9149),
        ("Grains/Cereals", 4562),
        ("Meat/Poultry", 4199),
        ("Produce", 2990),
        ("Seafood", 7681),
    ];
    assert!(quantities.into_iter().eq(expected));
    Ok(())
}

#[test]
fn keys_are_found_by_text_and_by_pairs() -> Result<(), Error> {
    let (customer, row) = db().find(Customer::BY_CUSTOMER_ID, "ALFKI")?;
    assert_eq!(row.company_name, "Alfreds Futterkiste");
    assert_eq!(db().row(customer)?.orders().count(), 6);
    assert_eq!(db().row(customer)?.demographics().count(), 0);
    assert_eq!(db().len::<CustomerDemographic>(), 0);
    assert_eq!(db().find(OrderDetail::BY_ORDER_ID_PRODUCT_ID, (&10248, &42))?.1.quantity, 10);
    // A key of digits is text all the same, with its leading zero.
    let (westboro, _) = db().find(Territory::BY_TERRITORY_ID, "01581")?;
    assert_eq!(db().row(westboro)?.region()?.region_description, "Eastern");
    let unknown = db().find(Territory::BY_TERRITORY_ID, "1581").unwrap_err();
    assert_eq!(unknown.to_string(), "no `territories` has territory_id = \"1581\"");
    Ok(())
}

// behaviour R34: "A scope on an inclusion (filter, order, limit, skip ..) applies per parent, within the single pass"
#[test]
fn the_first_territories_of_each_region_by_name() -> Result<(), Error> {
    let regions: Vec<Id<Region>> = db().iter::<Region>().map(|(id, _)| id).collect();
    let by_name = |a: &Territory, b: &Territory| a.territory_description.cmp(&b.territory_description);
    let mut first = Vec::new();
    for pair in db().include(&regions, Region::TERRITORIES.order_by(by_name).limit(2)) {
        first.push(pair?.1.map(|(_, territory)| territory.territory_description.trim()).collect::<Vec<_>>());
    }
    assert_eq!(
        first,
        [["Bedford", "Boston"], ["Bellevue", "Campbell"], ["Beachwood", "Bloomfield Hills"], ["Atlanta", "Austin"]]
    );
    Ok(())
}

#[test]
fn deleting_a_region_says_who_needs_it() -> Result<(), Error> {
    let mut db: Database = relata_real_data::load_set::<Northwind>().unwrap_or_else(|error| panic!("{error}"));
    let (eastern, _) = db.find(Region::BY_REGION_ID, &1)?;
    assert_eq!(
        db.delete(eastern).unwrap_err().to_string(),
        "region 1v1 is referred to by 19 row(s) over `territories`.region, the first is territories 1v1: deleting it \
         is restricted"
    );
    Ok(())
}
