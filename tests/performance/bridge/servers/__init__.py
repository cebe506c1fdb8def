"""What OneManage's gateway is held against, each server a process of its own."""
