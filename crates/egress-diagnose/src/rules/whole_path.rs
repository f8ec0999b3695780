//! Checks of the whole path, computed from all objects together.

pub(super) mod leaves_through_gateway;
