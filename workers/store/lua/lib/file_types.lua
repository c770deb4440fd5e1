-- Shared: the types of fields whose files the CMS imports (workers/fields/types.py). Of NO_QUERY,
-- addresses that differ in the query alone are one file.
local NO_QUERY = {['image-no-query'] = true, ['images-no-query'] = true, ['file-no-query'] = true}
local IMPORTED = {image = true, images = true, file = true}
for kind in pairs(NO_QUERY) do IMPORTED[kind] = true end

return {IMPORTED = IMPORTED, NO_QUERY = NO_QUERY}
