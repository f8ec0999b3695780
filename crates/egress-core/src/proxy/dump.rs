//! Parsing of what Envoy's admin port prints (`/config_dump?resource=…`, `/clusters?format=json`).
