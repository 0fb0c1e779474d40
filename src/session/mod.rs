//! How an Entra session is had and renewed.
