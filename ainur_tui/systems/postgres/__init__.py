"""PostgreSQL: what its sessions do, what it holds, and its backups."""
