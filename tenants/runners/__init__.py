"""What the operations of other apps ask about tenants."""
