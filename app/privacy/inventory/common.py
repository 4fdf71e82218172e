"""Tables of nobody's rows: cases, money, goods, places, and what the service keeps for itself.

Texts of staff about a case are part of its file, and its history is chained by hashes: they stay.
"""

from app.privacy.inventory.sheet import Sheet

COMMON: dict[str, Sheet] = {
    # Cases: a reporter's words open one.
    "cases": Sheet(
        "id number version status region_code grid_code routing category_code hazard 'description"
        " 'address lat lng cell source net_code level_code @assignee_id unit_code answers"
        " parent_id merged_into review_at made_safe_at suspected supervised rerouted outcome"
        " rework returns round accept_due_at safe_due_at handle_due_at check_due_at due_at warn_at"
        " clock_rule lane entries chain created_at updated_at", about="id=case_reports.case_id"),
    "content_findings": Sheet(
        "id check_id source finding label trace_id @person_id note created_at"
    ),
    "redactions": Sheet("photo_id boxes @made_by made_at"),
    "case_texts": Sheet("row case_id words"),
    "case_clocks": Sheet(
        "id case_id kind round mode rule allowed_s started_at warn_at due_at state paused_at"
        " left_s stopped_at warned_at overdue_at level look_at"),
    "case_links": Sheet("case_id other_id note @created_by created_at"),
    "case_merges": Sheet(
        "id case_id into_id report_ids @merged_by merged_at @undone_by undone_at"),
    "case_move_photos": Sheet("move_id position photo_id"),
    "case_numbers": Sheet("district day last"),
    "case_scopes": Sheet(
        "case_id region_code status created_at category_code net_code due_at warn_at suspected"
        " supervised"),
    "escalations": Sheet("id case_id clock_id level region_code told created_at"),
    "follow_ups": Sheet("id case_id @actor_id reached verdict text created_at"),
    "routing_decisions": Sheet("id case_id reason explained created_at"),
    "supervision_numbers": Sheet("district year last"),
    "supervision_orders": Sheet(
        "id number case_id text due_at state @ordered_by ordered_at @answered_by answered_at"
        " answer"),
    "suspicions": Sheet(
        "id case_id kind photo_id other_photo_id distance evidence state @decided_by decided_at"
        " note created_at"),
    # Money, goods, and what is published.
    "backing": Sheet("id journal_id lot_id contribution_id shard kind fen created_at"),
    "campaigns": Sheet(
        "id code name name_en event fund_id percent budget used begins_at ends_at @created_by"
        " created_at"),
    "contributions": Sheet(
        "id fund_id kind contributor fen note state @proposed_by proposed_at @approved_by"
        " approved_at @declined_by declined_at receipt_no trace_hash"),
    "contribution_returns": Sheet(
        "id contribution_id fen reason state @proposed_by proposed_at @decided_by decided_at"),
    "funds": Sheet("id code name purpose region_code rate_fen shards state created_at"),
    "items": Sheet(
        "id code name name_en points cost_fen kind description photo_id published on_sale_from"
        " on_sale_until person_limit limit_days version created_at"),
    "merchant_lines": Sheet("statement_id transfer_id fen"),
    "merchant_statements": Sheet(
        "id number merchant region_code first_day last_day fen state @drawn_by drawn_at"
        " @approved_by approved_at payment_ref @paid_by paid_at"),
    "notices": Sheet(
        "id period first_position last_position root chain earned redeemed members blocks"
        " @published_by published_at"),
    "paid_parts": Sheet("contribution_id shard fund_id fen"),
    "pool_parts": Sheet("contribution_id shard fund_id available"),
    "reward_rules": Sheet(
        "id code version event name name_en points day_cap month_cap validity_days expiry_day"
        " category_code place_m occupation outcomes fund_id paused_at effective_from"
        " effective_to"),
    "seals": Sheet("position journal_id leaf chain sealed_at"),
    "stations": Sheet("id name kind region_code lat lng hours services open created_at"),
    "stock": Sheet("station_id item_id on_hand reserved"),
    "stock_moves": Sheet(
        "id station_id item_id kind on_hand_change reserved_change source @actor_id created_at"),
    "stock_takes": Sheet("id station_id item_id counted expected reason @actor_id created_at"),
    # Places, offices and rules.
    "answer_templates": Sheet(
        "id region_code category_code move reason_code name text active @updated_by updated_at"),
    "calendar_days": Sheet("region_code day working name"),
    "categories": Sheet(
        "code parent_code national_code kind name name_en hazard clock due_hours accept_hours"
        " safe_hours check_hours net_code duplicate_radius_m filing_condition version source"
        " verified active updated_at"),
    "category_keywords": Sheet("word category_code weight"),
    "category_terms": Sheet(
        "category_code region_code version net_code level unit_code clock accept_hours safe_hours"
        " due_hours check_hours most_returns hazard duplicate_radius_m filing_condition questions"
        " @set_by set_at"),
    "grid_version": Sheet("id version"),
    "grids": Sheet("code net shape updated_at"),
    "group_grids": Sheet("group_id region_code"),
    "group_messages": Sheet("id group_id kind subject text state error created_at sent_at"),
    "grouping_regions": Sheet("grouping_code region_code"),
    "groupings": Sheet("code name kind district updated_at"),
    "groups": Sheet(
        "id name region_code members !sealed_key active @created_by created_at updated_at"),
    "nets": Sheet("code name name_en position"),
    "plain_choices": Sheet("code name name_en category_code position"),
    "posts": Sheet(
        "code name name_en level net_code role duties rung on_board position active"),
    "regions": Sheet("code parent_code path level kind name official_name updated_at"),
    "routing_stamps": Sheet("stamp"),
    "routing_rules": Sheet(
        "district version position name category_code net_code region_code source weekdays starts"
        " ends post_code unit_code"),
    "routing_rulesets": Sheet("district version note @published_by published_at"),
    "suggestion_models": Sheet("district cases model trained_at"),
    "units": Sheet("code name region_code active"),
    "working_hours": Sheet("region_code spans version updated_at"),
    # The service itself. Subjects of attempts name callers, for an hour or a day.
    "api_clients": Sheet(
        "id name secret_hash scopes region_code state development created_at old_secret_hash"
        " old_until"),
    "attempts": Sheet("subject window_start count"),
    "jobs": Sheet(
        "id kind payload state run_at attempts error unique_key created_at finished_at"),
    "webhooks": Sheet(
        "id name url events !secret !old_secret old_until client_id region_code state failures"
        " @created_by created_at"),
    "webhook_deliveries": Sheet(
        "id webhook_id event payload state attempts last_status last_error created_at next_at"
        " done_at"),
    # What a push says is emptied once it is dealt with, and at the end of whom it names.
    "wechat_pushes": Sheet("id key event fields state received_at done_at"),
    "wechat_tokens": Sheet("appid !token expires_at forced_on forced"),
}  # fmt: skip
