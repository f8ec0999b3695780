//! Checks of the whole path, computed from all objects together.

pub(super) mod leaves_through_gateway;
pub(super) mod routed_calls;
pub(super) mod routed_network;
