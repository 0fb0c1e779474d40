//! data_center
