SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'xuncha' AND state <> 'idle' ORDER BY random() LIMIT 1;
