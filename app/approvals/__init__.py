"""Approvals (申请与审批): 延期, 挂账, 重新办理, 申诉; asked by one person, decided by another."""
