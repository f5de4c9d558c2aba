#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aggregator/host_record.h"
#include "exporter/context/context.h"
#include "exporter/query/query.h"

/// What answers say of the context of hosts, as JSON. `context` may be null everywhere: then nothing is
/// known.
namespace hostscope::exporter {

/// ,"context":{…}, or nothing where nothing is known.
std::string ContextMember(const context::Context* context, const Prefix& prefix);

/// ,"names":{"10.1.2.3":"pc3",…} of those hosts that have one, or nothing.
std::string NamesMember(const context::Context* context, const std::vector<TopHost>& hosts);

/// ,"attributes":{"switch":["sw1",null,…]}: of each cell of a tile the text that most hosts and prefixes
/// inside it have, of equal ones the first, else that of the longest prefix around it. Nothing where none is
/// asked for.
std::string AttributesMember(const context::Context* context, const std::vector<std::string>& names,
                             const Prefix& prefix, unsigned depth, const Tile& tile);

/// The attributes there are: [{"name":"switch","entries":12},…].
std::string AttributeList(const context::Context* context);
/// The texts of one, most hosts and prefixes first: [{"value":"sw1","entries":3},…], at most `most`;
/// `others`: how many texts there are beside these.
std::string ValueList(const context::Context* context, std::string_view name, std::size_t most,
                      std::size_t& others);

/// Hosts and prefixes with `text` in their name, whatever the case: those first of which it is all, then
/// those that begin with it. [{"prefix":"10.1.2.3/32","host":"10.1.2.3","name":"pc3"},…], at most `most`.
std::string FoundByName(const context::Context* context, std::string_view text, std::size_t most);

}  // namespace hostscope::exporter
