/* Calls of the capabilities that keep state: each takes its request record and gives its reply record. */

sh_code sh_kv_get(const sh_kv_get_request *request, sh_kv_get_reply *reply) {
    return sh_call(sh_import_kv_get, &sh_kv_get_request_type, request, &sh_kv_get_reply_type, reply);
}

sh_code sh_kv_set(const sh_kv_set_request *request, sh_kv_set_reply *reply) {
    return sh_call(sh_import_kv_set, &sh_kv_set_request_type, request, &sh_kv_set_reply_type, reply);
}

sh_code sh_kv_delete(const sh_kv_delete_request *request, sh_kv_delete_reply *reply) {
    return sh_call(sh_import_kv_delete, &sh_kv_delete_request_type, request, &sh_kv_delete_reply_type, reply);
}

sh_code sh_kv_increment(const sh_kv_increment_request *request, sh_kv_increment_reply *reply) {
    return sh_call(sh_import_kv_increment, &sh_kv_increment_request_type, request, &sh_kv_increment_reply_type, reply);
}

sh_code sh_kv_scan(const sh_kv_scan_request *request, sh_kv_scan_reply *reply) {
    return sh_call(sh_import_kv_scan, &sh_kv_scan_request_type, request, &sh_kv_scan_reply_type, reply);
}

sh_code sh_kv_transact(const sh_kv_transact_request *request, sh_kv_transact_reply *reply) {
    return sh_call(sh_import_kv_transact, &sh_kv_transact_request_type, request, &sh_kv_transact_reply_type, reply);
}

sh_code sh_cache_get(const sh_cache_get_request *request, sh_cache_get_reply *reply) {
    return sh_call(sh_import_cache_get, &sh_cache_get_request_type, request, &sh_cache_get_reply_type, reply);
}

sh_code sh_cache_fill(const sh_cache_fill_request *request, sh_cache_fill_reply *reply) {
    return sh_call(sh_import_cache_fill, &sh_cache_fill_request_type, request, &sh_cache_fill_reply_type, reply);
}

sh_code sh_cache_put(const sh_cache_put_request *request, sh_cache_put_reply *reply) {
    return sh_call(sh_import_cache_put, &sh_cache_put_request_type, request, &sh_cache_put_reply_type, reply);
}

sh_code sh_cache_invalidate(const sh_cache_invalidate_request *request) {
    return sh_call(sh_import_cache_invalidate, &sh_cache_invalidate_request_type, request, NULL, NULL);
}

sh_code sh_cache_delete(const sh_cache_delete_request *request, sh_cache_delete_reply *reply) {
    return sh_call(sh_import_cache_delete, &sh_cache_delete_request_type, request, &sh_cache_delete_reply_type, reply);
}

sh_code sh_cache_clear(const sh_cache_clear_request *request) {
    return sh_call(sh_import_cache_clear, &sh_cache_clear_request_type, request, NULL, NULL);
}

sh_code sh_lock_acquire(const sh_lock_acquire_request *request, sh_lock_acquire_reply *reply) {
    return sh_call(sh_import_lock_acquire, &sh_lock_acquire_request_type, request, &sh_lock_acquire_reply_type, reply);
}

sh_code sh_lock_renew(const sh_lock_renew_request *request, sh_lock_renew_reply *reply) {
    return sh_call(sh_import_lock_renew, &sh_lock_renew_request_type, request, &sh_lock_renew_reply_type, reply);
}

sh_code sh_lock_release(const sh_lock_release_request *request, sh_lock_release_reply *reply) {
    return sh_call(sh_import_lock_release, &sh_lock_release_request_type, request, &sh_lock_release_reply_type, reply);
}

sh_code sh_blob_put(const sh_blob_put_request *request, sh_blob_info *reply) {
    return sh_call(sh_import_blob_put, &sh_blob_put_request_type, request, &sh_blob_info_type, reply);
}

sh_code sh_blob_write(const sh_blob_write_request *request, sh_stream_reply *reply) {
    return sh_call(sh_import_blob_write, &sh_blob_write_request_type, request, &sh_stream_reply_type, reply);
}

sh_code sh_blob_commit(const sh_blob_commit_request *request, sh_blob_info *reply) {
    return sh_call(sh_import_blob_commit, &sh_blob_commit_request_type, request, &sh_blob_info_type, reply);
}

sh_code sh_blob_read(const sh_blob_read_request *request, sh_blob_read_reply *reply) {
    return sh_call(sh_import_blob_read, &sh_blob_read_request_type, request, &sh_blob_read_reply_type, reply);
}

sh_code sh_blob_stat(const sh_blob_stat_request *request, sh_blob_info *reply) {
    return sh_call(sh_import_blob_stat, &sh_blob_stat_request_type, request, &sh_blob_info_type, reply);
}

sh_code sh_blob_delete(const sh_blob_delete_request *request, sh_blob_delete_reply *reply) {
    return sh_call(sh_import_blob_delete, &sh_blob_delete_request_type, request, &sh_blob_delete_reply_type, reply);
}

sh_code sh_blob_list(const sh_blob_list_request *request, sh_blob_list_reply *reply) {
    return sh_call(sh_import_blob_list, &sh_blob_list_request_type, request, &sh_blob_list_reply_type, reply);
}

sh_code sh_secret_get(const sh_secret_get_request *request, sh_secret_get_reply *reply) {
    return sh_call(sh_import_secret_get, &sh_secret_get_request_type, request, &sh_secret_get_reply_type, reply);
}
