"""Types of CMS fields: what they take, how they are sent, and how they are compared."""
