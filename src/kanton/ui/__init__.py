"""The design system: shell, components, tables, forms. See README.md beside this file."""
