-- A role for the application that may write facts and never change them: what the triggers refuse,
-- it has no right to, and it owns nothing, so it can't take the triggers away either.
--
-- The owner of the tables runs this after every migration (it may be run again at any time):
--   psql -v ON_ERROR_STOP=1 -f deploy/postgresql-roles.sql postgresql://owner@host/xinxin
-- Once, give the role a password (\password xinxin_app), and let the service and the worker come as
-- xinxin_app. Migrations stay with the owner: `xinxin migrate` before the new version starts.
BEGIN;

DO $$ BEGIN
  CREATE ROLE xinxin_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM xinxin_app;
GRANT USAGE ON SCHEMA public TO xinxin_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO xinxin_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO xinxin_app;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM xinxin_app;

-- Facts: written once.
REVOKE UPDATE, DELETE ON
  award_changes, backing, case_entries, case_move_photos, case_moves, category_terms, consents,
  content_findings, debt_payments, escalations, follow_ups, journals, looks, lot_uses, notice_entries, notices,
  patrol_findings, patrol_points, redemption_lines, routing_decisions, routing_rules,
  routing_rulesets, seals, staff_actions, stock_moves, stock_takes, transfers
FROM xinxin_app;

-- Of these some columns are state, the others facts: never deleted.
REVOKE DELETE ON
  accounts, awards, contribution_returns, contributions, corrections, debts, funds, lots,
  merchant_statements, objections, ratings, redemptions, reward_rules, till_holds
FROM xinxin_app;

COMMIT;
