"""Sentences of the seed that several clauses rest on, verbatim (Traditional Chinese)."""

# Quotations keep the punctuation of their language.
# ruff: noqa: RUF001

from __future__ import annotations

CONFIG_FOLDER = "將它複製到所有要備份 VM 上的 /etc/azure 資料夾"
CONFIG_600 = (
    "VMSnapshotScriptPluginConfig.json- 權限 “600” "
    "也就是只有「根」使用者可擁有此檔案的「讀取」與「寫入」權限"
)
SCRIPT_700 = "權限 “700” 也就是只有「根」使用者可擁有此檔案的「讀取」、「寫入」與「執行」權限"
ROOT_OWNS = "根使用者應該是檔案擁有者，且檔案應具有 “700” 權限"
NOT_RUN = "如果萬一不符合上述需求，指令碼將不會執行，導致檔案系統/損毀一致備份。"
ROOT_ONLY = "應只有「根」使用者有權存取重要的 JSON 和指令碼檔案"
PRE_NOT_FOUND = "VMSnapshotScriptPluginConfig.json 組態檔中指定的位置找不到前置指令碼"
POST_NOT_FOUND = "VMSnapshotScriptPluginConfig.json 組態檔中指定的位置找不到後置指令碼"
PLUGIN_HOST_CORRUPT = (
    "Pluginhost 檔案已損毀，因此無法執行前置指令碼和後置指令碼，且備份為應用程式不一致"
)
CONFIG_INCORRECT = (
    "VMSnapshotScriptPluginConfig.json 檔不正確，"
    "所以無法執行前置指令碼和後置指令碼，且備份為應用程式不一致"
)
FULL_PATH = "指令碼檔案的完整路徑"
PRE_LOCATION = "在要備份的 VM 上提供前置指令碼的完整路徑"
POST_LOCATION = "在要備份的 VM 上提供後置指令碼的完整路徑"
PRE_PARAMS = "需要傳遞至前置指令碼的任何選擇性參數"
POST_PARAMS = "需要傳遞至後置指令碼的任何選擇性參數"
PRE_RETRIES = "前置指令碼在終止之前應該重試的次數"
POST_RETRIES = "後置指令碼在終止之前應該重試的次數"
ONE_ATTEMPT = "0 表示只嘗試一次"
EACH_TIMEOUT = "前置指令碼和後置指令碼的個別逾時"
BEFORE_AND_AFTER = (
    "前置指令碼就在取得 VM 快照集之前執行，而後置指令碼則是在 VM 快照集完成後立即執行"
)
FALL_BACK = (
    "如果您在前置或後置指令碼失敗時想要 Azure 備份改為使用檔案系統一致/損毀一致備份，"
    "請將這個值設定為 true"
)
FAILS = "指令碼失敗時，將此設定為 false 會使備份失敗"
SINGLE_DISK = "除非在不論此設定皆會回到損毀一致備份的單一磁碟 VM"
FSFREEZE = "這會指定是否應該呼叫 Linux fsfreeze，同時取得 VM 快照集以確保檔案系統一致性"
PRE_FAILED = "前置指令碼會傳回錯誤，所以備份可能無法應用程式一致"
POST_FAILED = "後置指令碼傳回的錯誤可能會影響應用程式狀態"
PRE_TIMED_OUT = "執行應用程式一致備份前置指令碼逾時"
POST_TIMED_OUT = "執行應用程式一致備份後置指令碼逾時"
REVIEW_LOGS = "檢閱您的指令碼記錄以修正任何指令碼的問題"
FAILURE_LOGS = "請查看您指令碼的失敗記錄"
BOOTS = "也就是應用程式會在 VM 還原後開機時安裝"
TRIGGERS = "下一次備份會叫用指令碼並觸發應用程式一致備份"
DURING_SNAPSHOT = "架構提供一個選項可在取得 VM 快照集時執行自訂前置和後置指令碼"
