//! A wholesaler of groceries: text keys, a composite key, and employees who report to a later row.

use relata::Model;
use serde::{Deserialize, Serialize};

data_set!(Northwind in "northwind": [
    Region, Territory, UsState, Category, Supplier, Shipper, Product, CustomerDemographic, Customer,
    CustomerCustomerDemo, Employee, EmployeeTerritory, Order, OrderDetail,
]);

/// A part of the country.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "region", has_many(territories: Territory))]
pub struct Region {
    #[model(primary_key)]
    pub region_id: u32,
    pub region_description: String,
}

/// A sales territory; its key is text with leading zeros.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "territories", has_many(employees: EmployeeTerritory))]
pub struct Territory {
    #[model(primary_key)]
    pub territory_id: String,
    pub territory_description: String,
    #[model(belongs_to(Region))]
    pub region_id: u32,
}

/// A state. Nothing refers to it and it refers to nothing.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "us_states")]
pub struct UsState {
    #[model(primary_key)]
    pub state_id: u32,
    pub state_name: Option<String>,
    pub state_abbr: Option<String>,
    pub state_region: Option<String>,
}

/// A kind of product.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "categories", has_many(products: Product))]
pub struct Category {
    #[model(primary_key)]
    pub category_id: u32,
    pub category_name: String,
    pub description: Option<String>,
    pub picture: Option<String>,
}

/// Who makes a product.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "suppliers", has_many(products: Product))]
pub struct Supplier {
    #[model(primary_key)]
    pub supplier_id: u32,
    pub company_name: String,
    pub contact_name: Option<String>,
    pub contact_title: Option<String>,
    pub address: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
    pub phone: Option<String>,
    pub fax: Option<String>,
    pub homepage: Option<String>,
}

/// Who carries an order.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "shippers", has_many(orders: Order))]
pub struct Shipper {
    #[model(primary_key)]
    pub shipper_id: u32,
    pub company_name: String,
    pub phone: Option<String>,
}

/// What is sold.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "products", has_many(order_lines: OrderDetail))]
pub struct Product {
    #[model(primary_key)]
    pub product_id: u32,
    pub product_name: String,
    #[model(belongs_to(Supplier))]
    pub supplier_id: Option<u32>,
    #[model(belongs_to(Category))]
    pub category_id: Option<u32>,
    pub quantity_per_unit: Option<String>,
    pub unit_price: Option<f64>,
    pub units_in_stock: Option<u32>,
    pub units_on_order: Option<u32>,
    pub reorder_level: Option<u32>,
    pub discontinued: u32,
}

/// A kind of customer. The table is empty.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "customer_demographics", has_many(customers: CustomerCustomerDemo))]
pub struct CustomerDemographic {
    #[model(primary_key)]
    pub customer_type_id: String,
    pub customer_desc: Option<String>,
}

/// Who buys; its key is five letters.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "customers", has_many(orders: Order), has_many(demographics: CustomerCustomerDemo))]
pub struct Customer {
    #[model(primary_key)]
    pub customer_id: String,
    pub company_name: String,
    pub contact_name: Option<String>,
    pub contact_title: Option<String>,
    pub address: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
    pub phone: Option<String>,
    pub fax: Option<String>,
}

/// A customer is of a kind. The table is empty.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "customer_customer_demo", primary_key(customer_id, customer_type_id))]
pub struct CustomerCustomerDemo {
    #[model(belongs_to(Customer))]
    pub customer_id: String,
    #[model(belongs_to(CustomerDemographic))]
    pub customer_type_id: String,
}

/// Who sells. The first employee reports to the second: a row that comes later.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(
    table = "employees",
    has_many(reports: Employee),
    has_many(territories: EmployeeTerritory),
    has_many(orders: Order),
)]
pub struct Employee {
    #[model(primary_key)]
    pub employee_id: u32,
    pub last_name: String,
    pub first_name: String,
    pub title: Option<String>,
    pub title_of_courtesy: Option<String>,
    pub birth_date: Option<String>,
    pub hire_date: Option<String>,
    pub address: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
    pub home_phone: Option<String>,
    pub extension: Option<String>,
    pub photo: Option<String>,
    pub notes: Option<String>,
    #[model(belongs_to(Employee, name = manager))]
    pub reports_to: Option<u32>,
    pub photo_path: Option<String>,
}

/// An employee works a territory.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "employee_territories", primary_key(employee_id, territory_id))]
pub struct EmployeeTerritory {
    #[model(belongs_to(Employee))]
    pub employee_id: u32,
    #[model(belongs_to(Territory))]
    pub territory_id: String,
}

/// An order: customer, employee and shipper may be unknown.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "orders", has_many(lines: OrderDetail))]
pub struct Order {
    #[model(primary_key)]
    pub order_id: u32,
    #[model(belongs_to(Customer))]
    pub customer_id: Option<String>,
    #[model(belongs_to(Employee))]
    pub employee_id: Option<u32>,
    pub order_date: Option<String>,
    pub required_date: Option<String>,
    pub shipped_date: Option<String>,
    #[model(belongs_to(Shipper, name = shipper))]
    pub ship_via: Option<u32>,
    pub freight: Option<f64>,
    pub ship_name: Option<String>,
    pub ship_address: Option<String>,
    pub ship_city: Option<String>,
    pub ship_region: Option<String>,
    pub ship_postal_code: Option<String>,
    pub ship_country: Option<String>,
}

/// One product in an order; an order has it once.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(table = "order_details", primary_key(order_id, product_id))]
pub struct OrderDetail {
    #[model(belongs_to(Order))]
    pub order_id: u32,
    #[model(belongs_to(Product))]
    pub product_id: u32,
    pub unit_price: f64,
    pub quantity: u32,
    pub discount: f64,
}
