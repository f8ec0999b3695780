//! Keys and values of labels, by the names that policies call them.

pub(super) use crate::kubernetes_name::{
    is_label_value as is_value, is_qualified_name as is_key, is_subdomain,
};
