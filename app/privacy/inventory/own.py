"""Tables with rows that are a person's own."""

from app.privacy.inventory.sheet import Sheet

MINE = "person_id"
REPORT = "report_id=reports.id"
ACCOUNT = "account_id=accounts.id"
# What somebody in office wrote is the office's; what a reporter did to their own case is theirs.
IN_OWN_CASE = "actor_id&case_id=case_reports.case_id"

OWN: dict[str, Sheet] = {
    # Who they are and how they come in.
    "people": Sheet("id member_no 'name occupation employer state created_at", "id"),
    "former_names": Sheet("-person_id name", MINE, goes=True),
    "phones": Sheet("-person_id !sealed -mark masked bound_at", MINE, goes=True),
    "real_names": Sheet("-person_id !sealed masked bound_at", MINE, goes=True),
    "wechat_bindings": Sheet("appid openid unionid -person_id created_at", MINE, goes=True),
    "sign_ins": Sheet(
        "id -person_id created_at expires_at revoked_at revoked_why step", MINE, goes=True),
    "refresh_tokens": Sheet(
        "-token_hash sign_in_id created_at used_at -successor", "sign_in_id=sign_ins.id",
        goes=True),
    "idempotency_keys": Sheet(
        "-caller -key -fingerprint -status -headers -body -created_at", "caller", goes=True),
    "saved_filters": Sheet("id -person_id 'name filters position created_at", MINE, goes=True),
    "messages": Sheet("id -person_id kind subject data created_at read_at", MINE, goes=True),
    "message_recipients": Sheet(
        "-person_id wechat_off quiet_starts quiet_ends digest language failures rests_until",
        MINE,
        goes=True,
    ),
    "message_deliveries": Sheet(
        "id message_id channel -person_id template_id covers state attempts unclear last_error"
        " created_at next_at done_at",
        MINE,
        goes=True,
    ),
    "wechat_grants": Sheet(
        "-person_id template_id remaining answer answered_at", MINE, goes=True
    ),
    "consents": Sheet("id -person_id version given at", MINE),
    "looks": Sheet("id at @actor_id role region_code -person_id kind object_id reason", MINE),
    "data_exports": Sheet(
        "id -person_id state bytes asked_at ready_at expires_at", MINE),
    # What they do in office.
    "staff_accounts": Sheet(
        "-person_id username -password_hash -development created_at region_code password_set_at"
        " one_time_until", MINE, goes=True),
    "former_passwords": Sheet("-person_id -ended_at -password_hash", MINE, goes=True),
    "totp_keys": Sheet("-person_id !secret created_at confirmed_at -last_step", MINE, goes=True),
    "staff_invitations": Sheet(
        "id -person_id -code_hash @created_by created_at expires_at used_at", MINE, goes=True),
    "grants": Sheet(
        "id -person_id role region_code @granted_by granted_at revoked_at appointment_id", MINE),
    "broken_glass": Sheet("grant_id reason", "grant_id=grants.id"),
    "appointments": Sheet(
        "id -person_id post_code region_code grouping_code unit_code starts_on ends_on %phone"
        " %photo_id @created_by created_at ended_at", MINE),
    "duty_shifts": Sheet("id appointment_id weekday starts ends",
        "appointment_id=appointments.id"),
    "leaves": Sheet(
        "id -person_id @stand_in_id starts_at ends_at 'note @created_by created_at cancelled_at",
        MINE),
    "station_keepers": Sheet("station_id -person_id since", MINE),
    "patrol_plans": Sheet(
        "id name region_code -person_id weekdays starts ends stops active @created_by created_at",
        MINE),
    "patrols": Sheet(
        "id plan_id -person_id region_code day state due_at started_at ended_at distance_m"
        " 'summary created_at", MINE),
    "patrol_points": Sheet(
        "patrol_id position kind lat lng accuracy_m stop at", "patrol_id=patrols.id"),
    "patrol_findings": Sheet("patrol_id -case_id created_at", "patrol_id=patrols.id"),
    "staff_actions": Sheet(
        "id at -actor_id action object_kind object_id reason detail", "actor_id"),
    # What they report, and what became of it.
    "reports": Sheet(
        "id -person_id 'description choice anonymous lat lng raw_lat raw_lng crs accuracy_m"
        " place_source 'address region_code status case_number grid_code outcome 'public_note joins"
        " verdict created_at updated_at", MINE),
    "report_photos": Sheet("report_id position photo_id", REPORT),
    "photos": Sheet(
        "id -owner_id used_for content_type bytes width height sha256 -dhash taken_at lat lng"
        " -copy_id verdict created_at", "owner_id"),
    "case_reports": Sheet("-case_id report_id joined_at", REPORT),
    "ratings": Sheet("report_id -case_id stars reasons 'text created_at", REPORT),
    "case_entries": Sheet(
        "-case_id position kind -actor_id note public_note data created_at hash", IN_OWN_CASE),
    "case_moves": Sheet(
        "id -case_id version move from_status to_status -actor_id note public_note data"
        " created_at", IN_OWN_CASE),
    "approvals": Sheet(
        "id -case_id report_id kind 'text data state -asked_by asked_at @decided_by decided_at"
        " 'answer", f"asked_by&{REPORT}"),
    "content_checks": Sheet(
        "id kind report_id state -why -trace_id 'sealed_text 'sealed_address @decided_by created_at"
        " updated_at",
        REPORT,
    ),
    "uploads": Sheet("id -owner_id created_at expires_at completed_at", "owner_id", goes=True),
    "standings": Sheet(
        "-person_id verified false_reports level counted_at renew_at", MINE, goes=True
    ),
    "daily_uses": Sheet("-person_id kind day used", MINE, goes=True),
    # The mark (HMAC of an openid) lets a block hold for whoever ends their account and comes back;
    # it goes when the block is over.
    "blocks": Sheet(
        "id -person_id region_code reason 'note until @created_by created_at @lifted_by lifted_at"
        " -mark",
        MINE,
    ),
    # What they earn and spend.
    "awards": Sheet(
        "id -person_id event source rule_id campaign_id bonus asked points state reason day"
        " region_code inputs due_at created_at updated_at", MINE),
    "award_changes": Sheet(
        "id award_id state points reason created_at", "award_id=awards.id"),
    "objections": Sheet(
        "id award_id -raised_by 'reason state raised_at @decided_by decided_at 'decision",
        "raised_by"),
    "corrections": Sheet(
        "id kind -person_id region_code source points event hours restock 'cause state"
        " @proposed_by proposed_at @decided_by decided_at 'decision", MINE),
    "cap_counters": Sheet("-person_id rule_code period used cap", MINE),
    "accounts": Sheet("id asset kind -owner -shard created_at", "owner"),
    "balances": Sheet("account_id credits debits held unsettled", ACCOUNT),
    "purses": Sheet("-person_id account_id since", MINE),
    "lots": Sheet(
        "id account_id @earner_id fund_id rate_fen transfer_id amount remaining validity_days"
        " expiry_day origin_id settled_at expires_at created_at", f"{ACCOUNT}|earner_id"),
    "lot_uses": Sheet(
        "id lot_id transfer_id kind amount -taken_id -taken_kind created_at", "lot_id=lots.id"),
    # The other side of a transfer may be somebody else's account.
    "transfers": Sheet(
        "id journal_id asset -debit_account_id -credit_account_id amount state pending_id"
        " pending_state created_at", "debit_account_id=accounts.id|credit_account_id=accounts.id"),
    "journals": Sheet(
        "id kind source reason @actor_id @approver_id reverses_id created_at",
        "id=transfers.journal_id"),
    "notice_entries": Sheet("id notice_id account_id earned redeemed created_at", ACCOUNT),
    "debts": Sheet("id -person_id journal_id points remaining created_at", MINE),
    "debt_payments": Sheet("debt_id journal_id points created_at", "debt_id=debts.id"),
    "redemptions": Sheet(
        "id -person_id station_id state points cost_fen -code_hash created_at expires_at"
        " offline_until -acceptance resolved_at @keeper_id", MINE),
    "redemption_lines": Sheet(
        "redemption_id item_id quantity points_each cost_fen_each",
        "redemption_id=redemptions.id"),
    "counter_exceptions": Sheet(
        "id station_id redemption_id -acceptance why @keeper_id accepted_at created_at @closed_by"
        " closed_at 'closing_note", "redemption_id=redemptions.id"),
    "till_holds": Sheet(
        "id client_id reference -person_id points cost_fen state created_at expires_at"
        " resolved_at", MINE),
    "member_codes": Sheet("-code_hash hold_id used_at", "hold_id=till_holds.id"),
    "waits": Sheet("station_id item_id -person_id created_at told_at", MINE, goes=True),
    "households": Sheet(
        "id 'name region_code split @head_id state created_at",
        "id=household_members.household_id"),
    "household_members": Sheet("id household_id -person_id joined_at left_at", MINE),
    "household_invitations": Sheet(
        "id household_id @person_id @asked_by state created_at decided_at", "person_id|asked_by"),
}  # fmt: skip
